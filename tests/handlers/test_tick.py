"""The tick fails in parts: a duty, a run, an attempt or a job that fails keeps no other from its turn."""

import logging
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from events import BatchCompleted, CancelRequested, RunStopped
from handlers.advance_run import log_batch
from handlers.attempts.close import close
from handlers.ports import Job, Policy
from handlers.watch_jobs import Duties, log_tick
from tests.harness import START, LocalHarness, calls
from tests.local.fakes import HeldClock
from tests.tracking.harness import DAY
from tracking import AttemptKey
from troupe.standin.settings import Behaviour

MakeHarness = Callable[..., LocalHarness]
STOPPED = RunStopped(run_id="r1", planned_on=DAY, reason="age")
POLICY = Policy()


def duties(clock: HeldClock, share: float = 60) -> Duties:
    return Duties(clock, share)


def test_one_thing_that_fails_keeps_no_other_from_its_turn(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The error is logged under one name, with the duty."""

    def act(number: int) -> Iterator[RunStopped]:
        if number == 2:
            raise LookupError("a test")
        yield STOPPED

    with caplog.at_level(logging.WARNING):
        found = list(duties(HeldClock()).each("watch", [1, 2, 3], act))

    assert [STOPPED, STOPPED] == found
    assert ["tick-duty-failed"] == [each.message for each in caplog.records]
    assert {"duty": "watch", "error": "LookupError"}.items() <= vars(caplog.records[0]).items()


@pytest.mark.parametrize(
    ("days", "runs", "oldest"),
    [([], 0, 0), ([START.date()], 1, 0), ([START.date() - timedelta(6), START.date()], 2, 6)],
)
def test_a_tick_logs_the_age_of_the_oldest_open_run(
    caplog: pytest.LogCaptureFixture, days: list[date], runs: int, oldest: int
) -> None:
    """In days, as a number; without an open run it is 0, so that the line shows that the tick works."""
    with caplog.at_level(logging.INFO):
        log_tick([each.isoformat() for each in days], START.date())

    (line,) = caplog.records
    assert "ticked" == line.message
    assert {"open_runs": runs, "oldest_open_days": oldest}.items() <= vars(line).items()


@pytest.mark.parametrize(
    ("ends", "shares"),
    [((9, 1, 0), [0.9]), ((4, 0, 4), [0.5]), ((0, 0, 2), [0.0]), ((0, 0, 0), [])],
)
def test_the_end_of_a_batch_logs_its_analysed_share(
    caplog: pytest.LogCaptureFixture, ends: tuple[int, int, int], shares: list[float]
) -> None:
    """Of all its records, released ones included; a batch without records logs nothing."""
    analysed, failed, released = ends
    counts = {"analysed": analysed, "failed": failed, "released": released}
    with caplog.at_level(logging.INFO):
        log_batch(BatchCompleted(run_id="r1", planned_on=DAY, batch=1, attempts=1, **counts))

    assert shares == [vars(each)["share"] for each in caplog.records]


def test_a_duty_that_takes_too_long_leaves_the_rest_to_the_next_tick(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The duties after it get their share, and a warning says how much is left."""
    clock, seen = HeldClock(), list[int]()

    def act(number: int) -> tuple[()]:
        seen.append(number)
        clock.pass_(40)
        return ()

    with caplog.at_level(logging.WARNING):
        assert [] == list(duties(clock).each("watch", [1, 2, 3, 4], act))

    assert [1, 2] == seen
    assert ["tick-duty-cut"] == [each.message for each in caplog.records]
    assert {"duty": "watch", "left": 2}.items() <= vars(caplog.records[0]).items()


def test_a_job_that_cannot_be_read_blinds_no_other_run(
    make_harness: MakeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list shows neither job any more, so both are asked for by name."""
    harness = make_harness(behaviour=Behaviour(running_seconds=60))
    harness.load(calls(4))
    harness.request("r1")
    while "job-submitted" not in harness.topics():
        harness.backend.deliver_next()
    harness.load(calls(4, start=10))
    harness.request("r2")
    while "job-submitted" not in harness.topics("r2"):
        harness.backend.deliver_next()
    service = harness.backend.dependencies.job_service
    (bad,) = [job for job in service.find({}) if "__r1__" in job.labels["attempt"]]
    get = service.get

    def failing(name: str) -> Job | None:
        if name == bad.name:
            raise RuntimeError("this job cannot be read")
        return get(name)

    monkeypatch.setattr(service, "created_since", lambda *_: [])
    monkeypatch.setattr(service, "get", failing)
    harness.play()

    assert [False, True] == [harness.books(run)["completed"] for run in ("r1", "r2")]
    monkeypatch.undo()
    harness.play()
    assert harness.books("r1")["completed"]


def test_without_the_list_no_attempt_seems_to_have_no_job(
    make_harness: MakeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped attempt whose job the list alone knows would be closed without its answers."""
    harness = make_harness(behaviour=Behaviour(running_seconds=3600))
    harness.load(calls(4))
    harness.request()
    while "job-submitted" not in harness.topics():
        harness.backend.deliver_next()
    harness.sql("DELETE FROM events WHERE topic = 'job-submitted'")
    service = harness.backend.dependencies.job_service

    def failing(*_: Any) -> list[Job]:
        raise RuntimeError("no list")

    monkeypatch.setattr(service, "created_since", failing)
    harness.publish(CancelRequested(run_id="r1"))
    while harness.backend.deliver_next() is not None:
        pass
    harness.tick(minutes=30)
    harness.tick(minutes=30)

    assert [] == [topic for topic in harness.topics() if topic.startswith("job-")]
    monkeypatch.undo()
    harness.play()
    assert harness.books("r1")["ok"]
    assert 1 == harness.one("SELECT json_array_length(jobs) FROM attempt_closings")


def test_a_live_job_of_a_closed_attempt_is_cancelled_and_reported(
    make_harness: MakeHarness,
) -> None:
    """Its output is not read; it is named once."""
    harness = make_harness(behaviour=Behaviour(running_seconds=10**6))
    harness.load(calls(4))
    harness.request()
    while "job-submitted" not in harness.topics():
        harness.backend.deliver_next()
    dependencies = harness.backend.dependencies
    ((day,),) = harness.sql("SELECT CAST(planned_on AS VARCHAR) FROM run_plans")
    key = AttemptKey(run_id="r1", planned_on=day, batch=1, attempt=1)
    close_without_jobs(harness, key)

    harness.tick(minutes=5)
    harness.tick(minutes=5)

    (job,) = dependencies.job_service.find({})
    assert job.state.name in ("CANCELLING", "CANCELLED")
    assert [("paid_in_vain", 1)] == harness.sql(
        "SELECT error_type, count(*) FROM error_tracking WHERE scope = 'system' GROUP BY error_type"
    )


def test_a_live_job_of_an_attempt_that_is_not_closed_runs_on(make_harness: MakeHarness) -> None:
    """Its claim may be committed and not yet seen."""
    harness = make_harness(behaviour=Behaviour(running_seconds=10**6))
    harness.load(calls(4))
    harness.request()
    harness.play_until("job-submitted")
    harness.sql("DELETE FROM claims")

    harness.tick(minutes=5)

    (job,) = harness.backend.dependencies.job_service.find({})
    assert not job.state.ended
    assert job.state.name != "CANCELLING"
    assert 0 == harness.one("SELECT count(*) FROM error_tracking")


def close_without_jobs(harness: LocalHarness, key: AttemptKey) -> None:
    """Close an attempt although its job lives, which no handler does."""
    close(key, harness.backend.dependencies.tracking, POLICY, ending="discarded")
