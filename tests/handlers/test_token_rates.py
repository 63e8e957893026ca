"""What the requests of a run would take, from earlier answers or from a look at the texts."""

from typing import Any

import pytest

from analysis import load_analysis
from events import RunRequested
from handlers.runs.estimate import TokenRates, estimate
from handlers.runs.plan_params import plan_params
from handlers.runs.token_rates import Basis, token_rates
from tests.harness import LocalHarness, calls, ran
from tracking import SourceReading
from troupe import operations
from troupe.operations.run_requests import Preview

ANALYSIS = load_analysis("call_review_v1")


def preview(harness: LocalHarness, **request: Any) -> Preview:
    """Preview a run."""
    answer = operations.request(harness.backend, {"run_id": "next"} | request, dry_run=True)
    assert isinstance(answer, Preview)
    return answer


def measured(harness: LocalHarness) -> None:
    """A run with enough answers for an estimate, and records that are left."""
    harness.load(calls(60))
    harness.complete("r1", mode="test", limit=25)


def width(ends: tuple[float, float]) -> float:
    """How many times the high end is the low one."""
    return ends[1] / ends[0]


def test_the_first_run_is_estimated_by_a_look_at_its_texts(harness: LocalHarness) -> None:
    """It says at how many."""
    harness.load(calls(12))

    shown = preview(harness, limit=7)

    assert Basis(input="sampled", output="assumed", samples=7) == shown.basis
    assert 7 * 200 < shown.input_tokens[0] < shown.input_tokens[1] < 7 * 2_000


def test_a_later_run_is_estimated_by_what_answers_took(harness: LocalHarness) -> None:
    """What a run took lies between the ends for one like it, which are close to each other."""
    harness.load(calls(240))
    harness.analyse("r1", mode="test", limit=120)
    ((read, written),) = harness.sql(
        "SELECT sum(prompt_tokens), sum(output_tokens) FROM attempt_closings"
    )

    shown = preview(harness)

    assert Basis(input="measured", output="measured", samples=120) == shown.basis
    assert shown.input_tokens[0] < read < shown.input_tokens[1]
    assert shown.output_tokens[0] < written < shown.output_tokens[1]
    assert width(shown.output_tokens) <= 1.5


def test_answers_of_another_model_or_prompt_say_nothing(harness: LocalHarness) -> None:
    """Nor do a few."""
    harness.begin_after(measured)
    harness.analyse("r2", mode="test", limit=5, model="gemini-3.5-pro")

    assert "measured" == preview(harness).basis.input
    assert "sampled" == preview(harness, model="gemini-3.5-pro").basis.input


def test_answers_of_long_ago_say_nothing(harness: LocalHarness) -> None:
    """Models and transcripts change."""
    harness.begin_after(measured)

    harness.clock.pass_(100 * 24 * 3600)

    assert "sampled" == preview(harness).basis.input


@pytest.mark.parametrize("schema_is_billed", [False, True])
@pytest.mark.parametrize("growth", [0.5, 1.0, 3.0])
def test_longer_and_shorter_transcripts_are_estimated_right(
    harness: LocalHarness, growth: float, schema_is_billed: bool
) -> None:
    """One sum does not show whether the schema is billed, so both are reckoned with."""
    fixed, a_byte = (640.0 if schema_is_billed else 240.0), 0.26
    records, size = 400, 1_400

    def spent(size: float) -> int:
        return round(records * (fixed + size * a_byte))

    rates = measured_rates(harness, records, size, spent(size))
    lines = round(records * (ANALYSIS.line_overhead_bytes + size * growth))

    low, high = estimate(records, lines, ANALYSIS.model, ANALYSIS, rates).input_tokens
    assert low <= spent(size * growth) <= high


def measured_rates(
    harness: LocalHarness, answers: int, text_bytes: int, input_tokens: int
) -> TokenRates:
    """The rates after a run with these figures."""
    harness.begin_after(ran, 1)
    line_bytes = answers * (ANALYSIS.line_overhead_bytes + text_bytes)
    harness.sql(f"UPDATE batch_plans SET records = {answers}, bytes = {line_bytes}")  # noqa: S608
    harness.sql(
        f"UPDATE attempt_closings SET answered = {answers}, prompt_tokens = {input_tokens}"  # noqa: S608
    )
    params = plan_params(RunRequested(run_id="next"), "", ANALYSIS)
    tracking = harness.backend.dependencies.tracking
    rates, basis = token_rates(tracking, harness.clock, ANALYSIS, params, SourceReading())
    assert "measured" == basis.input
    return rates
