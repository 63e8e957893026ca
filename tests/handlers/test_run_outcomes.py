"""A run whose answers are bad: its batches, its answers' model and its report."""

from collections.abc import Callable

from tests.harness import LocalHarness, calls, ran
from troupe import operations
from troupe.standin.corrupt import Corruption, Kind


def test_a_batch_with_failed_records_is_no_success(
    make_harness: Callable[..., LocalHarness],
) -> None:
    """Every record of the first batch gets no good answer."""
    harness = make_harness(corruption=Corruption(share=1.0, kinds=(Kind.BLOCKED,)))
    harness.load(calls(4))
    harness.analyse("r1", max_attempts=1, breaker=100)
    summary = operations.report(harness.backend, "r1").summary

    assert (1, 1) == (summary.times.batches_completed, summary.times.batches_with_failures)
    assert 0 == summary.metrics.batch_success_rate
    assert summary.metrics.error_rate == 1


def test_closings_keep_the_model_that_answered(harness: LocalHarness) -> None:
    """Status, report and costs read it from there."""
    harness.begin_after(ran, 3)
    report = operations.report(harness.backend, "r1")

    assert [("stand-in",)] == harness.sql("SELECT answered_by FROM attempt_closings")
    assert "stand-in" == report.summary.totals.answered_by
    assert report.outcome.simulated
    assert 1 == report.summary.metrics.batch_success_rate
