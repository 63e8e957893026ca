"""Which location offers which model: known, known not to, or unknown."""

from datetime import date
from itertools import groupby

import pytest

from analysis import load_analysis
from analysis.places import ANY, REGION, not_offered, offer_of, offers

MODEL = load_analysis("call_review_v1").model


@pytest.mark.parametrize("place", ["eu", "global"])
def test_the_shipped_model_is_offered_in_the_eu(place: str) -> None:
    """The default location and the one without residency, each with date and source."""
    offer = offer_of(MODEL, place)

    assert offer
    assert offer.offered
    assert not_offered(MODEL, place) is None
    assert not_offered(f"publishers/google/models/{MODEL}", place) is None


@pytest.mark.parametrize(
    ("model", "place", "use"),
    [
        (MODEL, "europe-west4", "use vertex_location eu or global (transcripts may then be"),
        (f"publishers/google/models/{MODEL}", "europe-west1", "use vertex_location eu or"),
        (MODEL, "us-central1", "use vertex_location global"),
        (MODEL, "asia-northeast1", "use vertex_location global"),
        ("gemini-3.7-flash", "us-east5", "use vertex_location us or global"),
        ("gemini-2.5-flash", "global", "retired on 2026-10-20: use gemini-3.5-flash-lite"),
        ("gemini-2.5-pro", "europe-west4", "use gemini-3.5-flash"),
    ],
)
def test_a_model_that_is_not_offered_is_named_with_what_to_use(
    model: str, place: str, use: str
) -> None:
    """A location on the same continent first, and never one on another."""
    problem = not_offered(model, place)

    assert problem
    assert use in problem
    assert "use vertex_location eu" not in problem or place.startswith("europe")


@pytest.mark.parametrize(
    ("model", "place"),
    [
        ("gemini-9", "europe-west4"),
        ("", ""),
        (MODEL, ""),
        ("gemini-2.5-flash", ""),
        (MODEL, "eu\n"),
        (MODEL, "europe-west4; global"),
        ("GEMINI-3.5-FLASH-LITE", "europe-west4"),
        (f"projects/p/locations/europe-west4/models/{MODEL}", "europe-west4"),
        ("projects/p/locations/europe-west4/endpoints/7", "europe-west4"),
        (f"publishers/other/models/{MODEL}", "europe-west4"),
    ],
)
def test_what_is_not_listed_is_unknown_and_not_refused(model: str, place: str) -> None:
    """Tuned models, endpoints, other publishers, and whatever comes later."""
    assert offer_of(model, place) is None
    assert not_offered(model, place) is None


def test_each_row_has_a_date_and_a_source_and_no_place_has_two() -> None:
    """A retired model names its successor, and is not offered elsewhere."""
    rows = offers()

    assert len(rows) == len({(row.model, row.place) for row in rows})
    for row in rows:
        assert date.fromisoformat(row.as_of)
        assert row.source
        assert not row.offered or row.place not in (ANY, REGION)
        assert bool(row.instead) is (row.place == ANY)
    for model, group in groupby(rows, key=lambda row: row.model):
        assert any(row.offered or row.instead for row in group), model


def test_a_successor_is_offered_somewhere() -> None:
    """Otherwise the advice leads nowhere."""
    found = {row.model for row in offers() if row.offered}

    assert {row.instead for row in offers() if row.instead} <= found
