"""Watching jobs and stopping runs, attempt by attempt: when one ends, and which job is cancelled."""

from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from events import (
    CancelRequested,
    Deployment,
    GcsObject,
    JobCancelled,
    JobEnded,
    RunStopped,
    WatchTick,
    event_id,
)
from handlers.attempts.observed_jobs import ObservedAttempt, folders_of_deleted_jobs, observe
from handlers.ports import Job, JobService, JobState, Policy
from handlers.stop_run import release, stop_run
from handlers.watch_jobs import Duties, _listed, cancel, ended, watch_jobs
from tests.handlers.fakes import BUCKET, FakeJobService, FakeTracking, job, labels_of, waiting
from tests.harness import START
from tests.local.fakes import HeldClock
from tests.tracking.harness import DAY
from tracking import EventLog, Progress, Tracking, WaitingAttempt

DEPLOYMENT = Deployment("d1")
POLICY = Policy()
DONE = JobState.SUCCEEDED


def seen(*jobs: Job, **changed: Any) -> ObservedAttempt:
    return ObservedAttempt(waiting(**changed), {each.name: each for each in jobs})


def ends(observed: ObservedAttempt) -> list[JobEnded]:
    return list(ended(observed, BUCKET, DEPLOYMENT, POLICY))


def test_an_attempt_ends_with_its_last_job() -> None:
    """Without a job in view nothing has ended, and while one runs neither."""
    assert [] == ends(seen())
    assert [] == ends(seen(job("j1", DONE), job("j2"), newest_claim=2))
    assert 1 == len(ends(seen(job("j1", DONE), job("j2", JobState.FAILED), newest_claim=2)))


def test_an_attempt_whose_newest_claim_may_bring_a_job_has_not_ended() -> None:
    """As long as the next claim waits for it, unless that job is in view."""
    first = job("j1", DONE, labels=labels_of(claim=1))
    second = job("j2", DONE, labels=labels_of(claim=2))

    assert [] == ends(seen(first, newest_claim=2, newest_claim_age=POLICY.reclaim_seconds))
    assert 1 == len(ends(seen(first, newest_claim=2, newest_claim_age=POLICY.reclaim_seconds + 1)))
    assert 1 == len(ends(seen(second, newest_claim=2, newest_claim_age=5)))
    assert 1 == len(ends(seen(first, newest_claim=1, newest_claim_age=5)))


def test_an_end_that_is_recorded_is_not_yielded_again() -> None:
    """One with other jobs is: their output was paid for."""
    first, second = job("j1", DONE), job("j2", DONE)
    (end,) = ends(seen(first))

    recorded = (event_id(end, DEPLOYMENT),)

    assert [] == ends(seen(first, ends=recorded))
    assert 1 == len(ends(seen(first, second, newest_claim=2, ends=recorded)))


def test_an_attempt_whose_claims_brought_no_job_ends_once_none_may_follow() -> None:
    """On a stopped run, or when an operator discarded it; else the next claim brings one."""
    for why in ("stopped", "is_void"):
        (end,) = ends(seen(**{why: True}, newest_claim_age=9_999))
        assert isinstance(end, JobCancelled)
        assert "never_started" == end.cause
    assert [] == ends(seen(newest_claim_age=9_999))


@pytest.mark.parametrize(
    ("state", "started", "hours", "stopped", "asked"),
    [
        (JobState.RUNNING, True, 1, False, False),
        (JobState.RUNNING, True, 1, True, True),
        (JobState.PENDING, False, 72, False, False),
        (JobState.PENDING, False, 73, False, True),
        (JobState.RUNNING, True, 73, False, False),
        (JobState.RUNNING, True, 97, False, True),
        (JobState.CANCELLING, True, 97, True, False),
    ],
)
def test_jobs_of_stopped_runs_and_jobs_past_their_age_are_cancelled(
    state: JobState, started: bool, hours: int, stopped: bool, asked: bool
) -> None:
    """72 hours in the queue, 24 more at work."""
    clock, service = HeldClock(), FakeJobService()
    clock.pass_(hours * 3600)
    one = job("j1", state, started=started)

    cancel(seen(one, stopped=stopped), one, cast("JobService", service), clock, POLICY)

    assert (["j1"] if asked else []) == service.cancelled


def test_a_job_that_has_ended_is_not_live() -> None:
    """Nor is a deleted one: neither is cancelled."""
    running = job("j1")
    attempt = ObservedAttempt(waiting(), {"j1": running, "j2": job("j2", DONE), "j3": None})

    assert [running] == attempt.live


def observed(service: FakeJobService, attempt: WaitingAttempt) -> ObservedAttempt:
    return observe(
        attempt, list(service.jobs.values())[:2], cast("JobService", service), DEPLOYMENT
    )


def test_an_attempt_has_the_jobs_of_its_own_label_and_those_that_are_known() -> None:
    """A known job that the list lacks is asked for by name; None was deleted."""
    mine, other = job("j1", labels=labels_of()), job("j2", labels=labels_of("r2"))
    late = job("j3", labels={})
    service = FakeJobService(mine, other, late)

    assert {"j1": mine, "j3": late, "gone": None} == (
        observed(service, waiting(jobs=("j1", "j3", "gone"))).jobs
    )
    assert {"j2": other} == observed(service, waiting("r2")).jobs


def test_jobs_are_listed_from_the_oldest_claim_on() -> None:
    """The job of an older claim would be missing, and taken for deleted."""
    service, clock = FakeJobService(), HeldClock()
    old = START - timedelta(days=9)
    attempts = [waiting(first_claimed_at=old), waiting("r2", first_claimed_at=START)]

    _listed(attempts, cast("JobService", service), DEPLOYMENT, clock, POLICY)
    _listed([], cast("JobService", service), DEPLOYMENT, clock, POLICY)

    longest = timedelta(hours=POLICY.pending_hours + POLICY.running_hours)
    assert [old, clock() - longest] == service.since


def test_the_folders_of_deleted_jobs_are_those_of_claims_without_a_job_in_view() -> None:
    """A folder that a job in view names is read once."""
    shown = job("j1", DONE, labels=labels_of(claim=1))
    gone = ObservedAttempt(waiting(newest_claim=3), {"j1": shown, "j2": None})

    assert [f"gs://b/output/d1__r1__1__1__{n}" for n in (2, 3)] == folders_of_deleted_jobs(
        gone, BUCKET, DEPLOYMENT
    )
    assert [] == folders_of_deleted_jobs(seen(shown), BUCKET, DEPLOYMENT)


def test_one_attempt_that_cannot_be_looked_at_keeps_no_other_from_its_end() -> None:
    """The error is logged."""
    stopped = RunStopped(run_id="r1", planned_on=DAY, reason="age")

    def act(number: int) -> Iterator[RunStopped]:
        if number == 2:
            raise LookupError("a test")
        yield stopped

    duties = Duties(HeldClock(), share=60)
    assert [stopped, stopped] == list(duties.each("watch", [1, 2, 3], act))


def test_a_duty_ends_with_its_share_of_the_time() -> None:
    """The next tick goes on; the other duties have their own shares."""
    clock, done = HeldClock(), []

    def act(number: int) -> Iterator[RunStopped]:
        done.append(number)
        clock.pass_(40)
        yield from ()

    list(Duties(clock, share=60).each("watch", [1, 2, 3, 4], act))

    assert [1, 2] == done


def test_an_object_of_another_deployment_is_not_looked_up() -> None:
    """Two deployments may share a bucket; the run of the other one is not known here."""

    def look_at(name: str) -> list[Any]:
        return list(
            watch_jobs(
                GcsObject(bucket="b", name=name),
                cast("Tracking", FakeTracking(waiting=[waiting()])),
                cast("EventLog", None),
                cast("JobService", FakeJobService(job("j1", DONE, labels=labels_of()))),
                BUCKET,
                DEPLOYMENT,
                HeldClock(),
                POLICY,
                [],
            )
        )

    assert 1 == len(look_at("output/d1__r1__1__1__1/predictions.jsonl"))
    assert [] == look_at("output/d2__r1__1__1__1/predictions.jsonl")


def stop(
    service: FakeJobService, event: Any, *, unclaimed: int = 2, **of: Any
) -> tuple[list[Any], FakeTracking]:
    tracking = FakeTracking(waiting=[waiting(), waiting("r2")], stopped=True, **of)
    tracking.unclaimed = unclaimed
    events = list(
        stop_run(
            event,
            cast("Tracking", tracking),
            cast("EventLog", None),
            cast("JobService", service),
            DEPLOYMENT,
            HeldClock(),
        )
    )
    return events, tracking


def test_a_stop_releases_what_holds_no_claim_and_cancels_the_running_jobs_of_its_run() -> None:
    """Jobs of other runs are none of its business."""
    service = FakeJobService(
        job("j1", labels=labels_of()),
        job("j2", DONE, labels=labels_of(claim=2)),
        job("j3", labels=labels_of("r2")),
    )
    event = RunStopped(run_id="r1", planned_on=DAY, reason="operator")

    events, tracking = stop(service, event, finished=2)

    assert ([], ["j1"], [1]) == (events, service.cancelled, tracking.releases)
    assert [] == stop(FakeJobService(), event, finished=2, unclaimed=0)[1].releases


def test_a_release_is_repeated_under_another_number_while_an_attempt_is_left() -> None:
    """A claim may be given back beside the first one."""

    class Beside(FakeTracking):
        def release_attempts(self, run_id: str, day: str, number: int, *, has_price: bool) -> bool:
            super().release_attempts(run_id, day, number, has_price=has_price)
            self.unclaimed = 2 - len(self.releases)
            return True

    tracking = Beside(stopped=True)
    release("r1", DAY, cast("Tracking", tracking))

    assert [1, 2] == tracking.releases


def test_a_cancellation_stops_a_run_unless_it_is_over() -> None:
    """Jobs are cancelled by the stop that follows."""
    service = FakeJobService(job("j1", labels=labels_of()))

    events, tracking = stop(service, CancelRequested(run_id="r1"))
    assert [RunStopped(run_id="r1", planned_on=DAY, reason="operator")] == events
    assert [] == stop(service, CancelRequested(run_id="r1"), finished=5)[0]
    assert ([], []) == (service.cancelled, tracking.releases)


def test_each_duty_has_a_quarter_of_the_time_of_a_tick() -> None:
    """The others would get nothing, at every tick, while one has much to do."""
    clock, advanced = HeldClock(), []

    class ManyRuns(FakeTracking):
        def unhandled_events(self, since: Any, subscriptions: Any) -> list[Any]:
            return []

        def open_runs(self, since: Any) -> list[tuple[str, str]]:
            return [(f"r{number}", DAY) for number in range(20)]

        def progress(self, run_id: str, planned_on: str) -> Progress:
            clock.pass_(POLICY.tick_seconds / 8)
            advanced.append(run_id)
            return super().progress(run_id, planned_on)

    log = SimpleNamespace(has_work=lambda *_: True, lookback_start=lambda _: START.date())
    list(
        watch_jobs(
            WatchTick(),
            cast("Tracking", ManyRuns(finished=2, stopped=False)),
            cast("EventLog", log),
            cast("JobService", FakeJobService()),
            BUCKET,
            DEPLOYMENT,
            clock,
            POLICY,
            [],
        )
    )

    assert ["r0", "r1", "r2"] == advanced
