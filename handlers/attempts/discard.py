"""Close an attempt without answers, because an operator discards the dead letter that holds it up."""

from dataclasses import replace

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
from handlers.ports import Clock, Job, JobService, Policy
from tracking import AttemptKey, Claims, EventLog, Tracking

from .claims import take_next
from .close import close, results_processed
from .observed_jobs import labels_of


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
    """Close the attempt without answers; None when its jobs or a stop of its run close it.

    A void claim comes first: behind it no job can be created for the attempt, and its closing is a
    discard, however its jobs end. Live jobs are cancelled, and what they have answered is kept.
    Raises `Wait` while the newest claim may still bring a job.
    """
    closing = tracking.closing_of(attempt_key)
    if closing is not None:
        return results_processed(attempt_key, closing)
    known = tracking.claims_of(attempt_key)
    if known.stopped:
        return None
    jobs = _jobs_of(known, attempt_key, job_service, deployment)
    if not known.ended and not _is_void(known):
        # A job that is known cannot appear any more, so it need not be waited for.
        patience = replace(policy, reclaim_seconds=0) if jobs else policy
        known = take_next(tracking, attempt_key, known, patience, clock, "void").known
    for job in jobs.values():
        if job is not None and not job.state.ended:
            job_service.cancel(job.name)
    if known.stopped or (jobs and not known.ended):
        return None
    return close(attempt_key, tracking, policy, ending="discarded", jobs=sorted(jobs))


def _is_void(known: Claims) -> bool:
    return known.newest is not None and known.newest.state == "void"


def _jobs_of(
    known: Claims, attempt_key: AttemptKey, job_service: JobService, deployment: Deployment
) -> dict[str, Job | None]:
    """Return the jobs of the attempt by name, listed or recorded; None for one that was deleted."""
    labels = labels_of(deployment, attempt_key)
    listed: dict[str, Job | None] = {job.name: job for job in job_service.find(labels)}
    recorded = [claim.job for claim in known.taken if claim.job and claim.job not in listed]
    return listed | {name: job_service.get(name) for name in recorded}
