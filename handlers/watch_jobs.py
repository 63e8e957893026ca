"""React to a signal: ask Vertex for the truth and record each attempt's end; on the tick do all duties.

The tick has four duties, in this order: republish, advance, watch, cancel. Each duty has its own
share of the time, and fails alone; within a duty each run, attempt and job fails alone. When the
event log shows nothing left to do, only Vertex is asked, for jobs whose output is not read.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import TypeVar

from events import (
    BatchPlanned,
    Deployment,
    Event,
    GcsObject,
    JobEnded,
    RereadPlanned,
    RunCompleted,
    RunStopped,
    WatchTick,
    event_id,
)
from events.ids import attempt_of_output, paid_in_vain_error, parse_attempt_id
from tracking import AttemptKey, EventLog, Row, Tracking, WaitingAttempt

from .advance_run import advance
from .attempts.job_states import all_ended, end_of, is_final, never_started
from .attempts.observed_jobs import ObservedAttempt, folders_of_deleted_jobs, observe
from .dispatch.errors import Redeliver
from .dispatch.instructions import GiveUp, Instruction, Republish
from .dispatch.republish import republish
from .ports import Bucket, Clock, Job, JobService, JobState, Policy
from .runs.plans import plan_of
from .stop_run import release

LOG = logging.getLogger("troupe.tick")

T = TypeVar("T")
Following = TypeVar("Following", bound=Event | Instruction)
DUTIES = 4


def watch_jobs(
    signal: WatchTick | GcsObject,
    tracking: Tracking,
    event_log: EventLog,
    job_service: JobService,
    bucket: Bucket,
    deployment: Deployment,
    clock: Clock,
    policy: Policy,
    subscriptions: Sequence[Row],
) -> Iterator[
    JobEnded | BatchPlanned | RereadPlanned | RunStopped | RunCompleted | Republish | GiveUp
]:
    if isinstance(signal, GcsObject):
        yield from _ends_at_output(signal, tracking, job_service, bucket, deployment, policy)
        return
    duty = Duties(clock, policy.tick_seconds / DUTIES)
    runs, waiting = list[tuple[str, str]](), list[WaitingAttempt]()
    # A question that fails hides no work.
    if any(
        duty.gather("republish", lambda: [event_log.has_work(clock(), subscriptions)]) or [True]
    ):
        since = event_log.lookback_start(clock())
        yield from duty.once(
            "republish", lambda: republish(tracking, event_log, subscriptions, since, policy)
        )
        runs = duty.gather("advance", lambda: tracking.open_runs(since)) or []
        yield from duty.each(
            "advance", runs, lambda run: _advanced(*run, tracking, policy, clock, since)
        )
        waiting = duty.gather("watch", lambda: tracking.waiting_attempts(since)) or []
    log_tick([planned_on for _, planned_on in runs], clock().date())
    listed = duty.gather("watch", lambda: _listed(waiting, job_service, deployment, clock, policy))
    if listed is None:
        return  # without the list an attempt would seem to have no job
    observed: list[ObservedAttempt] = []
    yield from duty.each(
        "watch",
        waiting,
        lambda each: _watched(
            observe(each, listed, job_service, deployment), observed, bucket, deployment, policy
        ),
    )
    jobs = [(seen, job) for seen in observed for job in seen.live]
    yield from duty.each("cancel", jobs, lambda each: cancel(*each, job_service, clock, policy))
    known = {deployment.attempt(each.run_id, each.batch, each.attempt) for each in waiting}
    others = [job for job in listed if job.labels.get("attempt") not in known]
    yield from duty.each(
        "cancel", others, lambda job: _cancel_unread(job, tracking, job_service, event_log, clock)
    )


def log_tick(planned_on: Sequence[str], today: date) -> None:
    """Log that the tick works, with the planning days of the open runs as numbers. Alerts read it."""
    ages = [(today - date.fromisoformat(day)).days for day in planned_on]
    LOG.info("ticked", extra={"open_runs": len(ages), "oldest_open_days": max(ages, default=0)})


@dataclass(frozen=True, slots=True)
class Duties:
    """Runs the duties of one tick: each alone, and each within its share of the time."""

    clock: Clock
    share: float
    """Seconds of each duty."""

    def once(self, duty: str, act: Callable[[], Iterable[Following]]) -> Iterator[Following]:
        """Yield what follows from a duty; on an error log it under one name and yield nothing."""
        yield from self.gather(duty, act) or ()

    def gather(self, duty: str, act: Callable[[], Iterable[T]]) -> list[T] | None:
        """Return what a step of a duty finds; on an error log it, and return None."""
        try:
            return list(act())
        except Exception as error:
            LOG.exception("tick-duty-failed", extra={"duty": duty, "error": type(error).__name__})
            return None

    def each(
        self, duty: str, things: Sequence[T], act: Callable[[T], Iterable[Following]]
    ) -> Iterator[Following]:
        """Yield what follows from each thing, until the share is used up; the next tick goes on."""
        until = self.clock() + timedelta(seconds=self.share)
        for done, thing in enumerate(things):
            if self.clock() > until:
                LOG.warning("tick-duty-cut", extra={"duty": duty, "left": len(things) - done})
                return
            yield from self.once(duty, partial(act, thing))


def _advanced(
    run_id: str,
    planned_on: str,
    tracking: Tracking,
    policy: Policy,
    clock: Clock,
    since: date,
) -> Iterator[RunStopped | BatchPlanned | RereadPlanned | RunCompleted]:
    progress = tracking.progress(run_id, planned_on)
    if progress.stopped:
        release(run_id, planned_on, tracking)
        progress = tracking.progress(run_id, planned_on)
    yield from advance(
        run_id, planned_on, progress, tracking, policy, clock().date(), lambda: since
    )


def _listed(
    waiting: Sequence[WaitingAttempt],
    job_service: JobService,
    deployment: Deployment,
    clock: Clock,
    policy: Policy,
) -> list[Job]:
    """List our jobs since the oldest claim that waits, and all that may still live."""
    longest = timedelta(hours=policy.pending_hours + policy.running_hours)
    since = min([clock() - longest, *(attempt.first_claimed_at for attempt in waiting)])
    return job_service.created_since(since, {"troupe": deployment.id})


def _ends_at_output(
    signal: GcsObject,
    tracking: Tracking,
    job_service: JobService,
    bucket: Bucket,
    deployment: Deployment,
    policy: Policy,
) -> Iterator[JobEnded]:
    """Yield the end of the attempt whose result file was just written.

    Raises `Redeliver` when Vertex does not show the end of the job yet.
    """
    attempt = attempt_of_output(signal.name)
    if not attempt or attempt.deployment != deployment.id or not is_final(signal.name):
        return
    planned_on = plan_of(tracking, attempt.run_id).planned_on
    for each in tracking.waiting_attempts(planned_on, attempt):
        listed = job_service.created_since(each.first_claimed_at, {"troupe": deployment.id})
        observed = observe(each, listed, job_service, deployment)
        ends = list(ended(observed, bucket, deployment, policy))
        if not ends and not each.ends:
            raise Redeliver(f"{signal.name} was written, and Vertex shows its job as not ended yet")
        yield from ends


def _watched(
    seen: ObservedAttempt,
    observed: list[ObservedAttempt],
    bucket: Bucket,
    deployment: Deployment,
    policy: Policy,
) -> Iterator[JobEnded]:
    observed.append(seen)
    yield from ended(seen, bucket, deployment, policy)


def ended(
    observed: ObservedAttempt, bucket: Bucket, deployment: Deployment, policy: Policy
) -> Iterator[JobEnded]:
    """Yield the end of an attempt once all of its jobs have ended and none can still appear.

    An attempt is watched until it is closed: an end that is recorded already is not yielded again,
    and one with other jobs or another output is.
    """
    if may_appear(observed, policy):
        return
    attempt_key = AttemptKey.of(observed.attempt)
    if observed.jobs and all_ended(observed.jobs.values()):
        folders = folders_of_deleted_jobs(observed, bucket, deployment)
        end = end_of(observed.jobs, folders, attempt_key)
    elif not observed.jobs and (observed.attempt.stopped or observed.attempt.is_void):
        end = never_started(attempt_key)
    else:
        return
    if event_id(end, deployment) not in observed.attempt.ends:
        yield end


def may_appear(observed: ObservedAttempt, policy: Policy) -> bool:
    """Tell whether the newest claim may still bring its job; earlier claims were waited for."""
    newest = str(observed.attempt.newest_claim)
    shown = {job.labels.get("claim") for job in observed.jobs.values() if job is not None}
    return (
        newest not in shown
        and len(observed.jobs) < observed.attempt.newest_claim
        and observed.attempt.newest_claim_age <= policy.reclaim_seconds
    )


def cancel(
    observed: ObservedAttempt, job: Job, job_service: JobService, clock: Clock, policy: Policy
) -> tuple[()]:
    """Ask Vertex to cancel a job of a stopped run or one past its age limit.

    No event follows: only Vertex's own answer at a later tick ends an attempt.
    """
    age = (clock() - job.created_at).total_seconds() / 3600
    limit = policy.pending_hours + (policy.running_hours if job.started_at else 0)
    if (observed.attempt.stopped or age > limit) and job.state is not JobState.CANCELLING:
        job_service.cancel(job.name)
    return ()


def _cancel_unread(
    job: Job, tracking: Tracking, job_service: JobService, event_log: EventLog, clock: Clock
) -> tuple[()]:
    """Cancel and report a live job of a closed attempt: its output is not read."""
    attempt = parse_attempt_id(job.labels.get("attempt", ""))
    plan = None if job.state.ended or attempt is None else tracking.plan_of(attempt.run_id)
    if attempt is None or plan is None or plan.planned_on < event_log.lookback_start(clock()):
        return ()
    attempt_key = AttemptKey(
        run_id=attempt.run_id, planned_on=plan.day, batch=attempt.batch, attempt=attempt.attempt
    )
    if tracking.closing_of(attempt_key) is None:
        return ()
    if job.state is not JobState.CANCELLING:
        job_service.cancel(job.name)
    is_new = tracking.store_error(
        paid_in_vain_error(job.name),
        "paid_in_vain",
        run_id=attempt.run_id,
        batch=attempt.batch,
        attempt=attempt.attempt,
        detail=f"{job.name} ran for a closed attempt",
    )
    if is_new:
        LOG.error("paid-in-vain", extra={"run_id": attempt.run_id, "job": job.name})
    return ()
