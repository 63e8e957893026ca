"""The local worker: it works until nothing is left to do, and waits only when it must."""

from collections.abc import Callable

import pytest

from handlers.ports import Job, JobState
from tests.harness import LocalHarness, calls
from troupe.backends.local.bus import Retry
from troupe.backends.local.bus_faults import Faults
from troupe.backends.local.worker import Worker
from troupe.operations.dead_letters import list_dead_letters
from troupe.standin.settings import Behaviour, End

MakeHarness = Callable[..., LocalHarness]


class WaitingWorker:
    """A worker whose waits move the clock."""

    def __init__(self, harness: LocalHarness) -> None:
        self.harness, self.waits = harness, list[float]()
        self.worker = Worker(harness.backend, self.wait)

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.harness.clock.pass_(seconds)

    def work(self, most: int = 5_000) -> int:
        """Step until nothing is left to do."""
        for steps in range(most):
            if not self.worker.step():
                return steps
        raise AssertionError("the worker does not come to rest")


def first_attempt(end: End) -> Behaviour:
    """Let the first job of a batch end like this; later ones succeed."""

    def ended(job: Job) -> End:
        return end if job.labels["attempt"].endswith("__1") else End()

    return Behaviour(end=ended)


def test_a_run_is_worked_until_nothing_is_left(harness: LocalHarness) -> None:
    """Further steps return False."""
    harness.load(calls(9))
    harness.request(canary=3, rows_per_batch=3)
    hands = WaitingWorker(harness)

    hands.work()

    assert (9, True, True) == tuple(harness.books("r1")[k] for k in ("analysed", "completed", "ok"))
    assert (0, None) == (harness.backend.bus.waiting, harness.backend.service.next_due())
    assert [False, False] == [hands.worker.step(), hands.worker.step()]
    assert hands.worker.deliveries > 20


def test_a_run_without_faults_needs_no_waiting(harness: LocalHarness) -> None:
    """Every step does work."""
    harness.load(calls(10))
    harness.request()
    hands = WaitingWorker(harness)

    hands.work()

    assert [] == hands.waits


def test_with_nothing_to_do_the_worker_ends_after_one_tick(harness: LocalHarness) -> None:
    """It does not tick again."""
    hands = WaitingWorker(harness)

    assert hands.work() <= 3
    assert [] == hands.waits


def test_new_work_wakes_a_worker_that_had_nothing_to_do(harness: LocalHarness) -> None:
    """Requested between two steps."""
    hands = WaitingWorker(harness)
    hands.work()
    harness.load(calls(3))
    harness.request()

    hands.work()

    assert 3 == harness.books("r1")["analysed"]


def test_a_job_that_failed_without_output_is_found_by_the_tick(make_harness: MakeHarness) -> None:
    """Without a file there is no notification."""
    harness = make_harness(behaviour=first_attempt(End(state=JobState.FAILED, code=13, share=0)))
    harness.load(calls(5))
    harness.request()

    WaitingWorker(harness).work()

    assert (5, True) == tuple(harness.books("r1")[k] for k in ("analysed", "ok"))
    assert "job-failed" in harness.topics()


def test_a_slow_job_is_waited_for(make_harness: MakeHarness) -> None:
    """In short waits, so that other processes get a reply soon."""
    harness = make_harness(
        behaviour=Behaviour(pending_seconds=10, running_seconds=20, lines_per_step=10)
    )
    harness.load(calls(20))
    harness.request()
    hands = WaitingWorker(harness)

    hands.work()

    assert (20, True) == tuple(harness.books("r1")[k] for k in ("analysed", "ok"))
    assert sum(hands.waits) >= 30
    assert max(hands.waits) <= 5.0


def test_ticks_are_rare_while_the_worker_waits(make_harness: MakeHarness) -> None:
    """One every few seconds, with any number of waits."""
    harness = make_harness(behaviour=Behaviour(running_seconds=60))
    harness.load(calls(3))
    harness.request()
    hands = WaitingWorker(harness)
    before = harness.clock()

    hands.work()

    seconds = (harness.clock() - before).total_seconds()
    assert harness.backend.bus.sent <= 40 + seconds / 5


def test_back_off_is_waited_for_through_the_given_wait(make_harness: MakeHarness) -> None:
    """Publishing fails for a while; all messages are delivered in the end."""
    faults = Faults(seed=3)
    harness = make_harness(
        retry=Retry(first_seconds=4, most_seconds=8, attempts=8),
        faults=faults,
    )
    harness.load(calls(4))
    harness.request()
    hands = WaitingWorker(harness)
    faults.lose_publish = 1.0
    hands.worker.step()
    faults.lose_publish = 0.0

    hands.work()

    assert (4, True) == tuple(harness.books("r1")[k] for k in ("analysed", "ok"))
    assert pytest.approx(4, abs=0.1) == sum(hands.waits)
    assert max(hands.waits) <= 1.0


def test_a_worker_continues_the_work_of_a_killed_one(harness: LocalHarness) -> None:
    """At any step: it republishes unhandled events."""
    harness.load(calls(12))
    harness.request(canary=4, rows_per_batch=4)
    for _ in range(200):
        worker = WaitingWorker(harness)
        if not all(worker.worker.step() for _ in range(7)):
            break
        harness.restart()

    WaitingWorker(harness).work()

    assert (12, True, True) == tuple(
        harness.books("r1")[k] for k in ("analysed", "completed", "ok")
    )


def test_no_message_stops_the_worker(harness: LocalHarness) -> None:
    """After any message the next ones are delivered."""
    early = b'{"event_time_from": "0001-01-01T00:00:00+14:00"}'
    bodies = (b'{"run_id": "\xff"}', early, b"{", b"\xff", b"")
    harness.load(calls(3))
    for body in bodies:
        harness.backend.bus.send("run-requested", body, {})
    harness.request()

    WaitingWorker(harness).work()

    assert 3 == harness.books("r1")["analysed"]


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_no_event_stops_the_worker(harness: LocalHarness, time: str) -> None:
    """Not even a binary CloudEvent with a time outside of UTC's range."""
    attributes = {
        "ce-id": "x", "ce-type": "dev.troupe.run-requested.v1", "ce-source": "//x",
        "ce-specversion": "1.0", "ce-time": time,
    }  # fmt: skip
    harness.backend.bus.send("run-requested", b"{}", attributes)

    WaitingWorker(harness).work()

    assert ["unreadable_message"] == [
        each.cause for each in list_dead_letters(harness.backend).letters
    ]
