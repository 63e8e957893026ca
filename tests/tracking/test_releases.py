"""Releasing a stopped run: which open attempts are closed without a job, and with which records."""

from events import RunStopped
from tests.tracking.harness import (
    DAY,
    TrackingHarness,
    bad,
    calls,
    counts,
    good,
    planned,
    stopped,
)
from tracking import AttemptKey, Closing


def key(batch: int = 1, attempt: int = 1) -> AttemptKey:
    return AttemptKey(run_id="r1", planned_on=DAY, batch=batch, attempt=attempt)


def release(harness: TrackingHarness, number: int = 1) -> None:
    harness.tracking.release_attempts("r1", DAY, number, has_price=True)


def released(harness: TrackingHarness) -> list[tuple[int, int]]:
    """Batch and attempt of every closing by a release."""
    return harness.sql(
        "SELECT batch, attempt FROM attempt_closings WHERE outcome = 'released' ORDER BY ALL"
    )


def closing(harness: TrackingHarness, attempt: int = 1) -> Closing:
    found = harness.tracking.closing_of(key(attempt=attempt))
    assert found is not None
    return found


def two_batches(harness: TrackingHarness) -> None:
    harness.source(calls(4))
    harness.plan(canary=2, rows_per_batch=2)


def test_a_release_closes_the_attempts_on_which_no_claim_is_held(harness: TrackingHarness) -> None:
    """A claim that was given back is not held; one of another attempt is no matter of this one."""
    harness.source(calls(8))
    harness.plan(canary=2, rows_per_batch=2)
    for batch in (1, 2, 3):
        harness.tracking.claim_attempt(key(batch), 1)
    harness.close([], batch=1, ending="failed", cause="failed")
    harness.tracking.return_claim(key(2), 1)
    harness.record(stopped("operator"))
    assert 3 == harness.tracking.unclaimed_attempts("r1", DAY)

    release(harness)

    assert [(1, 2), (2, 1), (4, 1)] == released(harness)
    assert 0 == harness.tracking.unclaimed_attempts("r1", DAY)


def test_a_void_claim_is_held(harness: TrackingHarness) -> None:
    """The discard that took it closes the attempt."""
    planned(harness)
    harness.tracking.claim_attempt(key(), 1, "void")
    harness.record(stopped("operator"))

    release(harness)

    assert [] == released(harness)


def test_a_claim_that_was_taken_again_after_its_return_is_held(harness: TrackingHarness) -> None:
    """Only the first was given back."""
    planned(harness)
    harness.tracking.claim_attempt(key(), 1)
    harness.tracking.return_claim(key(), 1)
    harness.tracking.claim_attempt(key(), 2)
    harness.record(stopped("operator"))

    release(harness)

    assert [] == released(harness)


def test_a_batch_that_is_over_is_not_released(harness: TrackingHarness) -> None:
    """Nothing of it is open."""
    rows = planned(harness, 2)
    harness.close([good(rows[0]), bad(rows[1], "blocked", 2)])
    harness.record(stopped("operator"))
    assert 0 == harness.tracking.unclaimed_attempts("r1", DAY)

    release(harness)

    assert [] == released(harness)


def test_a_release_leaves_what_is_stored_and_what_has_failed(harness: TrackingHarness) -> None:
    """Its totals are those of the whole batch; open records get the cause of the stop."""
    rows = planned(harness)
    harness.close([good(rows[0]), bad(rows[1], "blocked", 2), bad(rows[2], "json_parse_error", 3)])
    harness.record(stopped("budget"))

    release(harness)

    assert (1, 1, 1, 0) == counts(closing(harness, attempt=2))
    assert [
        ("blocked", None, 1), ("budget_exhausted", None, 1), ("json_parse_error", None, 1)
    ] == harness.errors()  # fmt: skip


def test_a_run_that_is_not_stopped_is_not_released(harness: TrackingHarness) -> None:
    """By any caller; nor by the stop of another run."""
    planned(harness)
    harness.record(RunStopped(run_id="r2", planned_on=DAY, reason="operator"))

    release(harness)

    assert ([], []) == (released(harness), harness.errors())


def test_a_release_whose_transaction_runs_twice_is_one(harness: TrackingHarness) -> None:
    """A job may be reported as failed after its commit, and is run again."""
    two_batches(harness)
    harness.record(stopped("operator"))
    release(harness)
    before = harness.everything()
    harness.sql("DELETE FROM local_jobs")

    release(harness)
    release(harness, number=2)

    assert before == harness.everything()
    assert [("cancelled", None, 4)] == harness.errors()
