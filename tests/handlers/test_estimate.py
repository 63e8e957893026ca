"""The estimate of a run: from the fewest to the most tokens, and their price."""

import json
from dataclasses import replace

import pytest

from analysis import load_analysis
from analysis.prices import prices_of
from handlers.runs.estimate import BYTES_PER_TOKEN, answer_tokens, estimate
from tests.imports import REPO
from troupe.analysis_folders import load_folder

ANALYSIS = load_analysis("call_review_v1")


def test_an_estimate_reaches_from_plain_english_without_the_schema_to_every_byte() -> None:
    """The schema of each request may be billed or not; other scripts take more tokens a byte."""
    texts = len(ANALYSIS.system.encode()) + len(ANALYSIS.user.encode()) + 4_600
    line_bytes = 100 * (ANALYSIS.line_overhead_bytes + 4_600)

    size = estimate(100, line_bytes, ANALYSIS.model, ANALYSIS)

    low, high = size.input_tokens
    schema = len(json.dumps(ANALYSIS.schema))
    assert round(100 * texts / BYTES_PER_TOKEN[0]) == low
    assert round(100 * (texts + schema) / BYTES_PER_TOKEN[1]) == high
    assert (100 * 120, 100 * 436) == size.output_tokens


def test_an_estimate_costs_input_and_output_at_their_own_price() -> None:
    """Per million tokens."""
    prices = prices_of(ANALYSIS.model)
    assert prices is not None

    size = estimate(10, 200_000, ANALYSIS.model, ANALYSIS)

    for cost, read, written in zip(
        (size.low, size.high), size.input_tokens, size.output_tokens, strict=True
    ):
        assert pytest.approx((read * prices[0] + written * prices[2]) / 1e6) == cost


def test_an_estimate_of_an_unknown_model_has_tokens_and_no_cost() -> None:
    """None, never 0."""
    size = estimate(10, 200_000, "no-such-model", ANALYSIS)

    assert (None, None) == (size.low, size.high)
    assert size.input_tokens[0] > 0


def test_no_answer_is_expected_to_be_longer_than_its_limit() -> None:
    """The limit of the analysis bounds both ends."""
    short = replace(ANALYSIS, max_output_tokens=150)

    assert (120 * 10, 150 * 10) == estimate(10, 200_000, short.model, short).output_tokens


def test_an_answer_with_fewer_fields_is_expected_to_be_shorter() -> None:
    """A closed value takes less than a sentence."""
    own = load_folder(REPO / "docs" / "examples" / "queue_review_v1")

    few, shipped = answer_tokens(own), answer_tokens(ANALYSIS)

    assert (4 * 8, 42 + 3 * 10) == few
    assert few < shipped
