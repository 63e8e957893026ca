"""Which attempts wait for their jobs, and what is known of their claims and jobs."""

from events import JobFailed, JobSubmitted, RunStopped
from tests.tracking.harness import DAY, TrackingHarness, calls, stopped
from tracking import AttemptKey, WaitingAttempt


def key(batch: int = 1, attempt: int = 1, run_id: str = "r1") -> AttemptKey:
    return AttemptKey(run_id=run_id, planned_on=DAY, batch=batch, attempt=attempt)


def two_batches(harness: TrackingHarness) -> None:
    """A run of two batches, with the first claim on each."""
    harness.source(calls(4))
    harness.plan(canary=2, rows_per_batch=2)
    for batch in (1, 2):
        harness.tracking.claim_attempt(key(batch), 1)


def second_attempt(harness: TrackingHarness) -> None:
    """Close the first attempt at batch 1 without answers, and claim the second."""
    harness.close([], batch=1)
    harness.tracking.claim_attempt(key(1, 2), 1)


def submitted(batch: int = 1, attempt: int = 1) -> JobSubmitted:
    name = f"j{batch}{attempt}"
    return JobSubmitted(
        run_id="r1", planned_on=DAY, batch=batch, attempt=attempt, claim=1, job=name
    )


def failed(attempt: int) -> JobFailed:
    return JobFailed(
        run_id="r1", planned_on=DAY, batch=1, attempt=attempt, jobs=[], outputs=[], cause="failed"
    )


def waiting(harness: TrackingHarness) -> dict[tuple[int, int], WaitingAttempt]:
    """The attempts that wait, by batch and attempt."""
    found = harness.tracking.waiting_attempts(harness.clock().date())
    return {(each.batch, each.attempt): each for each in found}


def test_an_attempt_waits_from_its_claim_to_its_closing(harness: TrackingHarness) -> None:
    """Closed without an end, by a discard, it does not wait any more; others do."""
    two_batches(harness)
    assert {(1, 1), (2, 1)} == set(waiting(harness))

    second_attempt(harness)

    assert {(1, 2), (2, 1)} == set(waiting(harness))


def test_an_attempt_with_an_end_waits_for_its_closing_and_knows_the_end(
    harness: TrackingHarness,
) -> None:
    """The same end is not yielded again; the end of another attempt is another one's."""
    two_batches(harness)
    harness.record(failed(attempt=1))
    second_attempt(harness)
    assert {(1, 2): 0, (2, 1): 0} == {place: len(w.ends) for place, w in waiting(harness).items()}

    harness.record(failed(attempt=2))

    assert {(1, 2): 1, (2, 1): 0} == {place: len(w.ends) for place, w in waiting(harness).items()}


def test_an_attempt_whose_claims_were_given_back_waits_for_nothing(
    harness: TrackingHarness,
) -> None:
    """A claim that was given back brings no job; a void one says that none will be created."""
    two_batches(harness)
    harness.tracking.return_claim(key(1), 1)
    harness.tracking.return_claim(key(2), 1)
    harness.tracking.claim_attempt(key(2), 2, "void")

    ((place, found),) = waiting(harness).items()

    assert ((2, 1), 0, True) == (place, found.newest_claim, found.is_void)


def test_a_stop_is_one_of_its_run(harness: TrackingHarness) -> None:
    """The jobs of another run go on."""
    two_batches(harness)
    harness.record(RunStopped(run_id="r2", planned_on=DAY, reason="operator"))
    assert [False, False] == [each.stopped for each in waiting(harness).values()]

    harness.record(stopped("operator"))
    assert [True, True] == [each.stopped for each in waiting(harness).values()]


def test_an_attempt_knows_its_oldest_and_its_newest_claim(harness: TrackingHarness) -> None:
    """Jobs are listed from the oldest on, and the newest may still bring one."""
    two_batches(harness)
    first = harness.clock()
    harness.clock.pass_(1300)
    harness.tracking.claim_attempt(key(1), 2)
    harness.clock.pass_(7)

    found = waiting(harness)[1, 1]

    assert (first, 7, 2) == (found.first_claimed_at, found.newest_claim_age, found.newest_claim)


def test_a_job_belongs_to_its_attempt(harness: TrackingHarness) -> None:
    """In the list of waiting attempts, and beside the claims of one."""
    two_batches(harness)
    harness.record(submitted(), submitted(batch=2))
    second_attempt(harness)
    harness.record(submitted(attempt=2))

    assert {(1, 2): ("j12",), (2, 1): ("j21",)} == {
        place: each.jobs for place, each in waiting(harness).items()
    }
    assert ["j12"] == [each.job for each in harness.tracking.claims_of(key(1, 2)).taken]


def test_claims_are_in_the_order_of_their_numbers(harness: TrackingHarness) -> None:
    """The last one is the newest, and decides."""
    two_batches(harness)
    harness.tracking.claim_attempt(key(1), 2)
    harness.tracking.claim_attempt(key(1), 3)

    assert [1, 2, 3] == [each.claim for each in harness.tracking.claims_of(key(1)).taken]
