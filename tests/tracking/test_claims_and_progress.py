"""Claims on attempts, and the progress of a run."""

from typing import Any

from events import BatchCompleted, BatchPlanned, JobFailed, RunStopped
from tests.tracking.harness import (
    DAY,
    TrackingHarness,
    all_good,
    bad,
    calls,
    good,
    id_of,
    planned,
    stopped,
)
from tracking import AttemptKey, Delivery

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
    """Not one of an unplanned batch, nor one whose forerunner is not closed."""
    planned(harness)
    unknown = AttemptKey(run_id="r1", planned_on=DAY, batch=7, attempt=1)
    harness.tracking.claim_attempt(unknown, 1)
    claim(harness, attempt=2)

    assert () == harness.tracking.claims_of(unknown).taken
    assert [] == claims(harness, attempt=2)


def test_a_stop_of_another_run_voids_no_claim(harness: TrackingHarness) -> None:
    """Stops belong to one run."""
    planned(harness)
    harness.record(RunStopped(run_id="r2", planned_on=DAY, reason="operator"))
    claim(harness)

    assert ["create"] == [state for _, state, _ in claims(harness)]


def test_no_claim_is_taken_on_a_closed_attempt(harness: TrackingHarness) -> None:
    """Its records are decided; the next attempt has claims of its own."""
    planned(harness)
    harness.close([], ending="failed")
    for attempt in (1, 2, 3):
        claim(harness, attempt=attempt)

    assert ([], []) == (claims(harness), claims(harness, attempt=3))
    assert ["create"] == [state for _, state, _ in claims(harness, attempt=2)]


def test_no_claim_is_taken_on_an_attempt_whose_end_is_recorded(harness: TrackingHarness) -> None:
    """Its closing follows without another job; the end of another attempt is no matter of it."""
    planned(harness)
    end = JobFailed(
        run_id="r1", planned_on=DAY, batch=1, attempt=1, jobs=[], outputs=[], cause="failed"
    )
    harness.record(end)
    claim(harness)
    assert (True, []) == (harness.tracking.claims_of(KEY).ended, claims(harness))

    harness.close([], ending="failed", cause="failed")
    claim(harness, attempt=2)
    assert 1 == len(claims(harness, attempt=2))


def test_no_claim_is_taken_on_an_attempt_after_the_last(harness: TrackingHarness) -> None:
    """The one before it left nothing open."""
    rows = planned(harness)
    harness.close(all_good(rows))

    claim(harness, attempt=2)

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
    for _ in range(2):
        claim(harness)
        harness.tracking.return_claim(KEY, 1)
        harness.sql("DELETE FROM local_jobs")

    assert [("create", 1), ("returned", 1)] == harness.sql(
        "SELECT state, count(*) FROM claims GROUP BY 1 ORDER BY 1"
    )


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


def over(batch: int, failed: int = 0) -> BatchCompleted:
    return BatchCompleted(
        run_id="r1", planned_on=DAY, batch=batch, attempts=1, analysed=2 - failed, failed=failed,
        released=0,
    )  # fmt: skip


def three_batches(harness: TrackingHarness) -> None:
    harness.source(calls(6))
    harness.plan(canary=2, rows_per_batch=2)


def members(harness: TrackingHarness, batch: int) -> list[dict[str, Any]]:
    rows = {id_of(row): row for row in calls(6)}
    ids = harness.sql("SELECT record_id FROM batch_records WHERE batch = ? ORDER BY 1", batch)
    return [rows[record] for (record,) in ids]


def test_a_batch_that_is_over_before_the_one_ahead_of_it_is_not_passed_by(
    harness: TrackingHarness,
) -> None:
    """`over_to` says that all batches up to it are over: it is never looked back."""
    three_batches(harness)
    for batch in (1, 3):
        harness.close(all_good(members(harness, batch)), batch=batch)
        harness.record(over(batch))

    progress = harness.tracking.progress("r1", DAY)

    assert (2, 1, 4) == (progress.finished, progress.over_to, progress.records_over)


def test_a_record_that_failed_in_an_early_attempt_counts_once(harness: TrackingHarness) -> None:
    """Each closing counts the whole batch; the breaker reads the last one."""
    three_batches(harness)
    first, second = members(harness, 1)
    harness.close([bad(first, "blocked"), bad(second, "truncated", 2)])
    harness.close([good(second)], attempt=2)
    harness.record(over(1, failed=1))

    progress = harness.tracking.progress("r1", DAY)

    assert (2, 1) == (progress.records_over, progress.failed_over)


def test_batches_that_were_over_at_an_earlier_look_still_count(harness: TrackingHarness) -> None:
    """Their rows are not read again; the breaker needs their failures."""
    three_batches(harness)
    harness.close([bad(members(harness, 1)[0], "blocked"), good(members(harness, 1)[1], 2)])
    harness.tracking.progress("r1", DAY)
    harness.close(all_good(members(harness, 2)), batch=2)

    for _ in range(2):
        progress = harness.tracking.progress("r1", DAY)
        assert (2, 4, 1) == (progress.finished, progress.records_over, progress.failed_over)


def test_only_batches_within_the_window_that_have_not_begun_may_begin(
    harness: TrackingHarness,
) -> None:
    """With the number of their records."""
    three_batches(harness)
    assert {1: 2, 2: 2} == harness.tracking.batches_to_begin("r1", DAY, 0, 2)
    assert {2: 2} == harness.tracking.batches_to_begin("r1", DAY, 1, 2)

    planned_one = BatchPlanned(run_id="r1", planned_on=DAY, batch=1, attempt=1, records=2)
    harness.record(planned_one)
    envelope = harness.event_log.load(["d1__batch-planned__r1__1__1"], harness.clock().date())[0]
    done = Delivery(envelope=envelope, handler="write-jsonl", outcome="done")
    harness.event_log.record_deliveries([done], harness.clock())

    assert {2: 2, 3: 2} == harness.tracking.batches_to_begin("r1", DAY, 0, 3)
