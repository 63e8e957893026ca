"""Stopping: no new job is paid for, what was answered is kept, the rest is free again."""

from collections.abc import Callable

from events import CancelRequested
from handlers.ports import Policy
from tests.harness import LocalHarness, calls, ran
from troupe.standin.corrupt import Corruption, Kind
from troupe.standin.prediction_lines import Answer
from troupe.standin.settings import Behaviour

MakeHarness = Callable[..., LocalHarness]
UNAVAILABLE = 'Service Unavailable: {"error": {"code": 503}}'


def test_a_cancelled_run_releases_what_never_began(make_harness: MakeHarness) -> None:
    """The first batch is kept; the others close without a job."""
    harness = make_harness()
    harness.load(calls(40))
    harness.request(canary=10, rows_per_batch=10, concurrency=1)
    harness.play_until("batch-completed")

    harness.publish(CancelRequested(run_id="r1"))
    harness.play(report_of="r1")

    books = harness.books("r1")
    assert books["ok"]
    assert books["completed"]
    assert 0 == books["open"]
    assert 40 == books["analysed"] + books["released"]
    assert books["released"] >= 20
    assert harness.jobs() <= 2


def test_released_records_are_planned_by_the_next_run(make_harness: MakeHarness) -> None:
    """A cancelled run costs the next one nothing."""
    harness = make_harness()
    harness.load(calls(40))
    harness.request(canary=10, rows_per_batch=10, concurrency=1)
    harness.play_until("batch-completed")
    harness.publish(CancelRequested(run_id="r1"))
    harness.play(report_of="r1")
    released = harness.books("r1")["released"]

    books = harness.totals("r2")

    assert (released, released, True) == (books["planned"], books["analysed"], books["ok"])


def test_a_running_job_is_cancelled_and_harvested(make_harness: MakeHarness) -> None:
    """Its finished rows are kept, its unfinished ones released."""
    harness = make_harness(behaviour=Behaviour(running_seconds=3600, lines_per_step=10))
    harness.load(calls(40))
    harness.request()
    harness.play_until("job-submitted")
    harness.clock.pass_(1200)
    harness.backend.service.step()

    harness.publish(CancelRequested(run_id="r1"))
    harness.play(report_of="r1")

    books = harness.books("r1")
    assert books["ok"]
    assert 40 == books["analysed"] + books["released"]
    assert ["cancelled"] == [
        name for (name,) in harness.sql("SELECT DISTINCT error_type FROM error_tracking")
    ]


def test_cancelling_twice_and_after_the_end_changes_nothing(make_harness: MakeHarness) -> None:
    """A request that comes too late is heard and done with."""
    harness = make_harness()
    harness.begin_after(ran, 4)
    before = harness.topics()

    harness.publish(CancelRequested(run_id="r1"))
    harness.publish(CancelRequested(run_id="r1"))
    harness.play()

    assert [*before, "cancel-requested", "cancel-requested"] == harness.topics()
    assert harness.books("r1")["ok"]


def test_the_breaker_stops_a_run_that_fails_too_much(make_harness: MakeHarness) -> None:
    """The canary fails; the other batches get no job."""
    harness = make_harness(corruption=Corruption(share=1, kinds=(Kind.BLOCKED,)))
    harness.load(calls(60))

    books = harness.run(canary=10, rows_per_batch=10)

    assert (0, 10, 50, True) == (
        books["analysed"], books["failed"], books["released"], books["ok"],
    )  # fmt: skip
    assert 1 == harness.jobs()
    assert 50 == harness.one(
        "SELECT count(*) FROM error_tracking WHERE error_type = 'breaker_tripped'"
    )


def test_the_canary_goes_alone(make_harness: MakeHarness) -> None:
    """Until the first batch is over, no other batch begins."""
    harness = make_harness()
    harness.load(calls(50))
    harness.request(canary=5, rows_per_batch=5)
    harness.play_until("job-succeeded")

    assert [1] == [b for (b,) in harness.sql("SELECT DISTINCT batch FROM events WHERE batch > 0")]


def test_never_more_batches_in_flight_than_the_cap(make_harness: MakeHarness) -> None:
    """And a slot is refilled when one batch ends."""
    harness = make_harness()
    harness.load(calls(25))
    harness.request(canary=5, rows_per_batch=5, concurrency=3)
    most = 0
    while "run-completed" not in harness.topics():
        if harness.backend.deliver_next() is None and not harness.backend.service.step():
            harness.tick()
        over = harness.one(
            "SELECT count(DISTINCT batch) FROM events WHERE topic = 'batch-completed'"
        )
        begun = harness.one(
            "SELECT count(DISTINCT batch) FROM events WHERE topic = 'batch-planned'"
        )
        most = max(most, begun - over)

    assert 3 == most


def test_a_run_over_budget_is_refused_with_its_estimate(make_harness: MakeHarness) -> None:
    """Nothing is frozen, nothing is sent."""
    harness = make_harness()
    harness.load(calls(50))

    harness.request(budget=0.0001)
    harness.play()

    assert ["run-requested", "run-refused"] == harness.topics()
    assert 0 == harness.one("SELECT count(*) FROM batch_records")
    assert [("run_refused", "over_budget")] == harness.sql(
        "SELECT error_type, cause FROM error_tracking"
    )


def test_a_stop_releases_a_thousand_batches_in_one_transaction(make_harness: MakeHarness) -> None:
    """Begun or not, and without an event for each."""
    harness = make_harness(behaviour=Behaviour(running_seconds=3600))
    harness.load(calls(1_000))
    harness.request(canary=1, rows_per_batch=1, concurrency=1)
    harness.play_until("jsonl-uploaded")

    harness.publish(CancelRequested(run_id="r1"))
    harness.play(report_of="r1")

    books = harness.books("r1")
    assert (0, 1_000, True) == (books["analysed"], books["released"], books["completed"])
    assert 1 == harness.one("SELECT count(*) FROM local_jobs WHERE contains(job_id, '__release__')")
    assert 20 > harness.one("SELECT count(*) FROM events WHERE run_id = 'r1'")


def test_a_stop_releases_an_attempt_that_waits_for_its_turn(make_harness: MakeHarness) -> None:
    """The second attempt of a begun batch has no claim yet: the outage is not waited for."""
    harness = make_harness(answerer=lambda _: Answer(status=UNAVAILABLE), policy=Policy())
    harness.load(calls(4))
    harness.request()
    harness.play_until("results-processed")
    while harness.backend.deliver_next() is not None:
        pass
    harness.publish(CancelRequested(run_id="r1"))
    while harness.backend.deliver_next() is not None:
        pass

    books = harness.books("r1")
    assert (4, True, True) == (books["released"], books["completed"], books["ok"])
