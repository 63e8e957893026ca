"""Stopping: no new job is paid for, what was answered is kept, the rest is free again."""

from collections.abc import Callable

from events import CancelRequested
from tests.harness import Stage, calls
from troupe.standin.corrupt import Damage, Kind
from troupe.standin.settings import Behaviour

Staged = Callable[..., Stage]


def play_until(stage: Stage, topic: str, run_id: str = "r1") -> None:
    """Deliver and work until this was told."""
    while topic not in stage.topics(run_id):
        if stage.backend.deliver_next() is None and not stage.backend.service.step():
            stage.tick()


def test_a_cancelled_run_releases_what_never_began(staged: Staged) -> None:
    """The first batch is kept; the others close without a job."""
    stage = staged()
    stage.load(calls(40))
    stage.request(canary=10, rows_per_batch=10, concurrency=1)
    play_until(stage, "batch-completed")

    stage.publish(CancelRequested(run_id="r1"))
    stage.play()

    books = stage.books("r1")
    assert books["ok"]
    assert books["completed"]
    assert 0 == books["open"]
    assert 40 == books["analysed"] + books["released"]
    assert books["released"] >= 20
    assert stage.jobs() <= 2


def test_released_records_are_planned_by_the_next_run(staged: Staged) -> None:
    """A cancelled run costs the next one nothing."""
    stage = staged()
    stage.load(calls(40))
    stage.request(canary=10, rows_per_batch=10, concurrency=1)
    play_until(stage, "batch-completed")
    stage.publish(CancelRequested(run_id="r1"))
    stage.play()
    released = stage.books("r1")["released"]

    books = stage.run("r2")

    assert (released, released, True) == (books["planned"], books["analysed"], books["ok"])


def test_a_running_job_is_cancelled_and_harvested(staged: Staged) -> None:
    """Its finished rows are kept, its unfinished ones released."""
    stage = staged(behaviour=Behaviour(running_seconds=3600, lines_per_step=10))
    stage.load(calls(40))
    stage.request()
    play_until(stage, "job-submitted")
    stage.clock.pass_(1200)
    stage.backend.service.step()

    stage.publish(CancelRequested(run_id="r1"))
    stage.play()

    books = stage.books("r1")
    assert books["ok"]
    assert 40 == books["analysed"] + books["released"]
    assert ["cancelled"] == [
        name for (name,) in stage.sql("SELECT DISTINCT error_type FROM error_tracking")
    ]


def test_cancelling_twice_and_after_the_end_changes_nothing(staged: Staged) -> None:
    """A request that comes too late is heard and done with."""
    stage = staged()
    stage.load(calls(4))
    stage.run()
    before = stage.topics()

    stage.publish(CancelRequested(run_id="r1"))
    stage.publish(CancelRequested(run_id="r1"))
    stage.play()

    assert [*before, "cancel-requested", "cancel-requested"] == stage.topics()
    assert stage.books("r1")["ok"]


def test_the_breaker_stops_a_run_that_fails_too_much(staged: Staged) -> None:
    """The canary fails; the other batches are never asked."""
    stage = staged(damage=Damage(share=1, kinds=(Kind.BLOCKED,)))
    stage.load(calls(60))

    books = stage.run(canary=10, rows_per_batch=10)

    assert (0, 10, 50, True) == (
        books["analysed"], books["failed"], books["released"], books["ok"],
    )  # fmt: skip
    assert 1 == stage.jobs()
    assert 50 == stage.one(
        "SELECT count(*) FROM error_tracking WHERE error_type = 'breaker_tripped'"
    )


def test_the_canary_goes_alone(staged: Staged) -> None:
    """Until the first batch is over, no other batch begins."""
    stage = staged()
    stage.load(calls(50))
    stage.request(canary=5, rows_per_batch=5)
    play_until(stage, "job-succeeded")

    assert [1] == [b for (b,) in stage.sql("SELECT DISTINCT batch FROM events WHERE batch > 0")]


def test_never_more_batches_in_flight_than_the_cap(staged: Staged) -> None:
    """And a slot is refilled when one batch ends."""
    stage = staged()
    stage.load(calls(100))
    stage.request(canary=5, rows_per_batch=5, concurrency=3)
    most = 0
    while "run-completed" not in stage.topics():
        if stage.backend.deliver_next() is None and not stage.backend.service.step():
            stage.tick()
        over = stage.one("SELECT count(DISTINCT batch) FROM events WHERE topic = 'batch-completed'")
        begun = stage.one("SELECT count(DISTINCT batch) FROM events WHERE topic = 'batch-planned'")
        most = max(most, begun - over)

    assert 3 == most


def test_a_run_over_budget_is_refused_with_its_estimate(staged: Staged) -> None:
    """Nothing is frozen, nothing is sent."""
    stage = staged()
    stage.load(calls(50))

    stage.request(budget=0.0001)
    stage.play()

    assert ["run-requested", "run-refused"] == stage.topics()
    assert 0 == stage.one("SELECT count(*) FROM batch_records")
    assert [("run_refused", "over_budget")] == stage.sql(
        "SELECT error_type, cause FROM error_tracking"
    )
