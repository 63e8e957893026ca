"""React to a signal: ask Vertex for the truth and record each attempt's end; on the tick do all duties.

The tick has four duties: watch, cancel, republish, advance. Each duty fails alone, and within a
duty each attempt and each run fails alone.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from analysis import Analyses
from events import (
    BatchPlanned,
    Deployment,
    Event,
    GcsObject,
    JobEnded,
    RunCompleted,
    RunStopped,
    WatchTick,
)
from events.ids import attempt_of_output
from tracking import AttemptKey, EventLog, Row, Tracking

from .advance_run import advance
from .attempts.job_states import all_ended, end_of, is_final
from .attempts.observed_jobs import ObservedAttempt, folders_of_deleted_jobs, observe
from .dispatch.errors import Redeliver
from .dispatch.instructions import GiveUp, Instruction, Republish
from .dispatch.republish import republish
from .ports import Bucket, Clock, JobService, JobState, Policy
from .runs.plans import plan_of

LOG = logging.getLogger("troupe.tick")

T = TypeVar("T")
Following = TypeVar("Following", bound=Event | Instruction)


def watch_jobs(
    signal: WatchTick | GcsObject,
    tracking: Tracking,
    event_log: EventLog,
    job_service: JobService,
    bucket: Bucket,
    deployment: Deployment,
    clock: Clock,
    analyses: Analyses,
    policy: Policy,
    subscriptions: Sequence[Row],
) -> Iterator[JobEnded | BatchPlanned | RunStopped | RunCompleted | Republish | GiveUp]:
    if isinstance(signal, GcsObject):
        yield from _ends_at_output(signal, tracking, job_service, bucket, deployment, policy)
        return
    since = event_log.lookback_start(clock())
    observed = observe(tracking, job_service, deployment, since)
    yield from _each("watch", observed, lambda each: ended(each, bucket, deployment, policy))
    yield from _each("cancel", observed, lambda each: cancel(each, job_service, clock, policy))
    yield from isolate_errors(
        "republish", lambda: republish(tracking, event_log, subscriptions, since, policy)
    )
    runs, today = tracking.open_runs(since), clock().date()
    yield from _each(
        "advance", runs, lambda run: advance(*run, tracking, analyses, policy, today, lambda: since)
    )


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
    observed = observe(tracking, job_service, deployment, planned_on, attempt)
    ends = list(_each("watch", observed, lambda each: ended(each, bucket, deployment, policy)))
    if len(ends) < len(observed):
        raise Redeliver(f"{signal.name} was written, and Vertex shows its job as not ended yet")
    yield from ends


def ended(
    observed: ObservedAttempt, bucket: Bucket, deployment: Deployment, policy: Policy
) -> Iterator[JobEnded]:
    """Yield the end of an attempt once all of its jobs have ended and none can still appear."""
    jobs = observed.jobs
    if jobs and not may_appear(observed, policy) and all_ended(jobs.values()):
        folders = folders_of_deleted_jobs(observed, bucket, deployment)
        yield end_of(jobs, folders, AttemptKey.of(observed.attempt))


def may_appear(observed: ObservedAttempt, policy: Policy) -> bool:
    """Tell whether the newest claim may still bring its job; earlier claims were waited for."""
    newest = str(observed.attempt.claims)
    shown = {job.labels.get("claim") for job in observed.jobs.values() if job is not None}
    return (
        newest not in shown
        and len(observed.jobs) < observed.attempt.claims
        and observed.attempt.newest_claim_age <= policy.claim_seconds
    )


def cancel(
    observed: ObservedAttempt, job_service: JobService, clock: Clock, policy: Policy
) -> tuple[()]:
    """Ask Vertex to cancel jobs of stopped runs and jobs past their age limit.

    No event follows: only Vertex's own answer at a later tick ends an attempt.
    """
    for job in observed.jobs.values():
        if job is None or job.state.ended or job.state is JobState.CANCELLING:
            continue
        age = (clock() - job.created_at).total_seconds() / 3600
        limit = policy.pending_hours + (policy.running_hours if job.started_at else 0)
        if observed.attempt.stopped or age > limit:
            job_service.cancel(job.name)
    return ()


def isolate_errors(duty: str, act: Callable[[], Iterable[Following]]) -> Iterator[Following]:
    """Yield what follows from a duty; on an error log it under one name and yield nothing."""
    try:
        following = list(act())
    except Exception as error:
        LOG.exception("tick-duty-failed", extra={"duty": duty, "error": type(error).__name__})
        return
    yield from following


def _each(
    duty: str, things: Sequence[T], act: Callable[[T], Iterable[Following]]
) -> Iterator[Following]:
    for thing in things:
        yield from isolate_errors(duty, partial(act, thing))
