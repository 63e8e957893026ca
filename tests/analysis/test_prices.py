"""The price table."""

from datetime import date

import msgspec
import pytest

from analysis import load_analysis
from analysis.prices import price_of, price_with_source, prices_of

MODELS = ("gemini-2.5-flash", "gemini-2.5-flash-lite", "gemini-3.5-flash-lite")


@pytest.mark.parametrize("model", MODELS)
def test_a_batch_job_is_billed_at_a_discount(model: str) -> None:
    """Half of the online price; cached input is cheaper than other input."""
    price = price_of(model)

    assert price is not None
    assert (price.online.input / 2, price.online.output / 2) == (price.input, price.output)
    assert 0 < price.cached < price.input
    assert price.cached <= price.online.cached


@pytest.mark.parametrize("model", MODELS)
def test_a_price_has_a_date_and_a_source(model: str) -> None:
    """So that it can be checked."""
    fields = price_with_source(model)

    assert fields is not None
    assert date(2026, 1, 1) < date.fromisoformat(fields["as_of"])
    assert "pricing" in fields["source"]
    assert fields == msgspec.json.decode(msgspec.json.encode(fields))


def test_a_price_is_found_by_the_last_part_of_a_name() -> None:
    """Vertex AI also uses full resource names."""
    name = load_analysis("call_review_v1").model

    assert prices_of(name) == prices_of(f"publishers/google/models/{name}") is not None


@pytest.mark.parametrize(
    "model", ["gemma3", "", "gemini-3.5-flash-lite-tuned", "gemini-2.5-flash-preview"]
)
def test_an_unknown_model_has_no_price(model: str) -> None:
    """None is not the price 0."""
    assert (None, None, None) == (price_of(model), prices_of(model), price_with_source(model))
