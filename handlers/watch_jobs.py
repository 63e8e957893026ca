"""A signal says "look now": ask Vertex for the truth, and tell what the event log does not know yet.

The tick has four duties. Each stands alone: what one of them meets blinds none of the others.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from analysis import Analyses
from events import (
    BatchPlanned,
    Deployment,
    GcsObject,
    JobEnded,
    RunCompleted,
    RunStopped,
    WatchTick,
)
from events.ids import attempt_of_output
from tracking import EventLog, Row, Tracking

from .advance_run import advance
from .attempts.job_states import all_ended, end_of
from .attempts.observed_jobs import ObservedAttempt, folders_of_deleted_jobs, observe
from .attempts.output_files import is_final
from .contained import Found, contained
from .dispatch.errors import Redeliver
from .dispatch.republish import Republish, republish
from .ports import Bucket, Clock, JobService, JobState, Policy
from .runs.plans import plan_of

T = TypeVar("T")


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
) -> Iterator[JobEnded | BatchPlanned | RunStopped | RunCompleted | Republish]:
    def watch(observed: Sequence[ObservedAttempt]) -> Iterator[JobEnded]:
        return _each("watch", observed, lambda seen: ended(seen, bucket, deployment, policy))

    if isinstance(signal, GcsObject):
        whose = attempt_of_output(signal.name)
        if whose and whose.deployment == deployment.id and is_final(signal.name):
            planned_on = plan_of(tracking, whose.run_id).planned_on
            observed = observe(tracking, job_service, deployment, planned_on, whose)
            ends = list(watch(observed))
            if len(ends) < len(observed):
                raise Redeliver(f"{signal.name} is there before the end of its job shows")
            yield from ends
        return
    since = event_log.lookback_start(clock())
    observed = observe(tracking, job_service, deployment, since)
    yield from watch(observed)
    yield from _each("cancel", observed, lambda seen: cancel(seen, job_service, clock, policy))
    yield from contained(
        "republish", lambda: republish(tracking, event_log, subscriptions, since, policy)
    )
    runs, today = tracking.open_runs(since), clock().date()
    yield from _each(
        "advance", runs, lambda run: advance(*run, tracking, analyses, policy, today, lambda: since)
    )


def ended(
    seen: ObservedAttempt, bucket: Bucket, deployment: Deployment, policy: Policy
) -> Iterator[JobEnded]:
    """The end of an attempt, once all of its jobs have ended and none can still appear."""
    waiting = seen.attempt
    if seen.jobs and not may_appear(seen, policy) and all_ended(list(seen.jobs.values())):
        yield end_of(
            list(seen.jobs.values()),
            list(seen.jobs),
            folders_of_deleted_jobs(seen, bucket, deployment),
            run_id=waiting.run_id,
            planned_on=waiting.planned_on.isoformat(),
            batch=waiting.batch,
            attempt=waiting.attempt,
        )


def may_appear(seen: ObservedAttempt, policy: Policy) -> bool:
    """Whether the newest claim may still bring its job. Earlier ones were waited for before it."""
    newest = str(seen.attempt.claims)
    shown = {job.labels.get("claim") for job in seen.jobs.values() if job is not None}
    return (
        newest not in shown
        and len(seen.jobs) < seen.attempt.claims
        and seen.attempt.newest_claim_age <= policy.claim_seconds
    )


def cancel(
    seen: ObservedAttempt, job_service: JobService, clock: Clock, policy: Policy
) -> Iterator[JobEnded]:
    """Ask for the end of jobs of stopped runs and of jobs past their age; never declare it."""
    for job in seen.jobs.values():
        if job is None or job.state.ended or job.state is JobState.CANCELLING:
            continue
        age = (clock() - job.created_at).total_seconds() / 3600
        limit = policy.pending_hours + (policy.running_hours if job.started_at else 0)
        if seen.attempt.stopped or age > limit:
            job_service.cancel(job.name)
    yield from ()


def _each(duty: str, things: Sequence[T], act: Callable[[T], Iterator[Found]]) -> Iterator[Found]:
    for thing in things:
        yield from contained(duty, partial(act, thing))
