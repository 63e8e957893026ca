"""Close an attempt without answers, because an operator discards the dead letter that holds it up."""

from dataclasses import replace
from datetime import timedelta

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
from handlers.dispatch.errors import Wait
from handlers.ports import Clock, Job, JobService, Policy
from tracking import AttemptKey, Claims, EventLog, Tracking

from .claims import take_next
from .close import close, results_processed
from .observed_jobs import labels_of

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
    job_service: JobService,
    deployment: Deployment,
    clock: Clock,
    policy: Policy,
) -> ResultsProcessed | None:
    """Close the attempt without answers; None on a stopped run, which closes it by itself.

    A void claim comes first: behind it no job can be created for the attempt. Raises `Wait` while a
    job of the attempt lives, after a request for its cancellation, and while one may still appear.
    """
    closing = tracking.closing_of(attempt_key)
    if closing is None:
        known = tracking.claims_of(attempt_key)
        if known.stopped:
            return None
        _wait_for_jobs(known, attempt_key, job_service, deployment, clock)
        if not known.ended and not _is_void(known):
            known = take_next(tracking, attempt_key, known, policy, clock, "void").known
            if known.stopped:
                return None
        return close(attempt_key, tracking, policy, ending="discarded")
    return results_processed(attempt_key, closing)


def _is_void(known: Claims) -> bool:
    return known.newest is not None and known.newest.state == "void"


def _wait_for_jobs(
    known: Claims,
    attempt_key: AttemptKey,
    job_service: JobService,
    deployment: Deployment,
    clock: Clock,
) -> None:
    """Cancel the live jobs of the attempt, and raise `Wait` when there is one."""
    listed = {job.name: job for job in job_service.find(labels_of(deployment, attempt_key))}
    recorded = [claim.job for claim in known.taken if claim.job and claim.job not in listed]
    jobs: list[Job | None] = [*listed.values(), *(job_service.get(name) for name in recorded)]
    live = [job for job in jobs if job is not None and not job.state.ended]
    for job in live:
        job_service.cancel(job.name)
    if live:
        raise Wait(
            "a job of this attempt is still running; it is being cancelled",
            not_before=clock() + LOOK_AGAIN,
        )
