"""Claims on attempts, and the progress of a run."""

from tests.tracking.harness import DAY, TrackingHarness, bad, calls, good, id_of, planned, stopped
from tracking import AttemptKey

KEY = AttemptKey(run_id="r1", planned_on=DAY, batch=1, attempt=1)


# Claims


def claim(harness: TrackingHarness, number: int = 1, attempt: int = 1) -> bool:
    attempt_key = AttemptKey(run_id="r1", planned_on=DAY, batch=1, attempt=attempt)
    return harness.tracking.claim_attempt(attempt_key, number)


def claims(harness: TrackingHarness, attempt: int = 1) -> list[tuple[int, str, int]]:
    attempt_key = AttemptKey(run_id="r1", planned_on=DAY, batch=1, attempt=attempt)
    return [
        (c.claim, c.state, c.age_seconds) for c in harness.tracking.claims_of(attempt_key).taken
    ]


def test_a_claim_is_taken_by_one_caller(harness: TrackingHarness) -> None:
    """`claim_attempt` returns False to the second."""
    planned(harness)

    assert [True, False] == [claim(harness), claim(harness)]
    harness.clock.pass_(90)
    assert [(1, "create", 90)] == claims(harness)


def test_no_claim_is_taken_on_a_stopped_run_and_an_older_one_stays(
    harness: TrackingHarness,
) -> None:
    """The transaction writes nothing."""
    planned(harness)
    claim(harness, 1)
    harness.record(stopped("operator"))
    claim(harness, 2)

    assert [(1, "create")] == [(n, state) for n, state, _ in claims(harness)]


def test_a_claim_that_is_given_back_counts_its_age_from_then(harness: TrackingHarness) -> None:
    """It keeps its number, once, however often it is given back."""
    planned(harness)
    claim(harness)
    harness.clock.pass_(90)
    for _ in range(2):
        harness.tracking.return_claim(KEY, 1)
    harness.clock.pass_(30)

    assert [(1, "returned", 30)] == claims(harness)
    assert 1 == harness.tracking.claims_of(KEY).returned_in_a_row


def test_only_a_planned_and_open_attempt_is_claimed(harness: TrackingHarness) -> None:
    """Not one of a batch that nobody planned, nor one whose forerunner is not closed."""
    planned(harness)
    unknown = AttemptKey(run_id="r1", planned_on=DAY, batch=7, attempt=1)
    harness.tracking.claim_attempt(unknown, 1)
    claim(harness, attempt=2)

    assert () == harness.tracking.claims_of(unknown).taken
    assert [] == claims(harness, attempt=2)


def test_claims_of_two_attempts_are_separate(harness: TrackingHarness) -> None:
    """Each attempt has its own first claim."""
    planned(harness)
    first = claim(harness, attempt=1)
    harness.close()

    assert [True, True] == [first, claim(harness, attempt=2)]
    assert 1 == len(claims(harness, attempt=2))


def test_a_claim_whose_transaction_runs_twice_is_one_row(harness: TrackingHarness) -> None:
    """The INSERT is guarded."""
    planned(harness)
    claim(harness)
    harness.sql("DELETE FROM local_jobs")
    claim(harness)

    assert 1 == len(claims(harness))


# Progress


def test_a_batch_is_finished_when_its_closing_leaves_nothing_open(
    harness: TrackingHarness,
) -> None:
    """Events of its end only wake the handler: finished is read from the closings."""
    harness.source(calls(4))
    harness.plan(canary=2, rows_per_batch=2)
    rows = {id_of(row): row for row in calls(4)}
    mine = [rows[r] for (r,) in harness.sql("SELECT record_id FROM batch_records WHERE batch = 1")]

    before = harness.tracking.progress("r1", DAY)
    harness.close([good(mine[0]), bad(mine[1], "blocked", 2)])
    after = harness.tracking.progress("r1", DAY)

    assert (2, 0, False, 0, 0) == (
        before.batches,
        before.finished,
        before.canary_finished,
        before.records_over,
        before.failed_over,
    )
    assert (2, 1, True, 2, 1) == (
        after.batches, after.finished, after.canary_finished, after.records_over, after.failed_over
    )  # fmt: skip
