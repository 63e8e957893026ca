"""Close an attempt without answers, because an operator discards the dead letter that holds it up."""

from dataclasses import replace
from datetime import date, timedelta

from analysis import Analyses
from events import (
    EVENT_OF_TYPE,
    AttemptEvent,
    BatchPlanned,
    Deployment,
    Envelope,
    ResultsProcessed,
    read_event,
    topic_of,
)
from events.ids import AttemptId
from handlers.dispatch.errors import Wait
from handlers.ports import Clock, JobService, Policy
from tracking import AttemptKey, EventLog, Tracking

from .close import close
from .observed_jobs import ObservedAttempt, observe

LOOK_AGAIN = timedelta(minutes=5)
"""Until a cancelled job is asked for again: the time between two ticks."""


def attempt_held_up(
    envelope: Envelope | None, event_log: EventLog, deployment: Deployment, clock: Clock
) -> AttemptKey | None:
    """Return the attempt that stays open while this event is not handled; None for no attempt.

    After a closing with open records it is the next attempt, unless that one is planned already.
    """
    event = read_event(envelope.data, EVENT_OF_TYPE[envelope.type]) if envelope else None
    if not isinstance(event, AttemptEvent):
        return None
    if not isinstance(event, ResultsProcessed):
        return AttemptKey.of(event)
    following = replace(AttemptKey.of(event), attempt=event.attempt + 1)
    planned = deployment.event(
        topic_of(BatchPlanned), following.run_id, following.batch, following.attempt
    )
    is_planned = event_log.load([planned], event_log.lookback_start(clock()))
    return following if event.open and not is_planned else None


def discard_attempt(
    attempt_key: AttemptKey,
    tracking: Tracking,
    analyses: Analyses,
    job_service: JobService,
    deployment: Deployment,
    clock: Clock,
    policy: Policy,
) -> ResultsProcessed:
    """Close the attempt as discarded, or find it closed; its open records are released.

    Raises `Wait` while a job of it lives, after asking for its cancellation, or may still appear.
    """
    only = AttemptId(deployment.id, attempt_key.run_id, attempt_key.batch, attempt_key.attempt)
    day = date.fromisoformat(attempt_key.planned_on)
    for seen in observe(tracking, job_service, deployment, day, only):
        _wait_for_jobs(seen, job_service, clock, policy)
    return close(attempt_key, tracking, analyses, ending="discarded")


def _wait_for_jobs(
    seen: ObservedAttempt, job_service: JobService, clock: Clock, policy: Policy
) -> None:
    """Raise `Wait` while answers that are paid for may still come."""
    left = policy.reclaim_seconds - seen.attempt.newest_claim_age
    if len(seen.jobs) < seen.attempt.claims and left > 0:
        reason = f"claim {seen.attempt.claims} of the attempt may still bring its job"
        raise Wait(reason, clock() + timedelta(seconds=left))
    living = [job for job in seen.jobs.values() if job is not None and not job.state.ended]
    for job in living:
        job_service.cancel(job.name)
    if living:
        raise Wait(
            f"a job of the attempt is being cancelled: {living[0].name}", clock() + LOOK_AGAIN
        )
