"""The attempts that wait for Vertex, each with the jobs that Vertex shows of it."""

from dataclasses import dataclass
from datetime import date

from events import Deployment
from events.ids import AttemptId, output_folder
from handlers.ports import Bucket, Job, JobService
from tracking import AttemptKey, Tracking, WaitingAttempt


def labels_of(deployment: Deployment, attempt_key: AttemptKey) -> dict[str, str]:
    """Return the labels that every job of one attempt carries.

    Ids only: labels reach billing exports.
    """
    return {
        "troupe": deployment.id,
        "attempt": deployment.attempt(attempt_key.run_id, attempt_key.batch, attempt_key.attempt),
    }


@dataclass(frozen=True, slots=True)
class ObservedAttempt:
    """One waiting attempt and its jobs by name; None for a job that was deleted."""

    attempt: WaitingAttempt
    jobs: dict[str, Job | None]


def observe(
    tracking: Tracking,
    job_service: JobService,
    deployment: Deployment,
    since: date,
    only: AttemptId | None = None,
) -> list[ObservedAttempt]:
    """Ask Vertex for the jobs of all waiting attempts, or of `only` one.

    One list request for all of them, and one get for each known job that the list lacks.
    """
    waiting = tracking.waiting_attempts(since, only)
    if not waiting:
        return []
    oldest = min(attempt.first_claimed_at for attempt in waiting)
    listed = job_service.created_since(oldest, {"troupe": deployment.id})
    return [_observed_attempt(attempt, listed, job_service, deployment) for attempt in waiting]


def _observed_attempt(
    attempt: WaitingAttempt,
    listed: list[Job],
    job_service: JobService,
    deployment: Deployment,
) -> ObservedAttempt:
    label = labels_of(deployment, AttemptKey.of(attempt))["attempt"]
    jobs: dict[str, Job | None] = {
        job.name: job for job in listed if job.labels.get("attempt") == label
    }
    for name in attempt.jobs:
        if name not in jobs:
            jobs[name] = job_service.get(name)
    return ObservedAttempt(attempt, jobs)


def folders_of_deleted_jobs(
    observed: ObservedAttempt, bucket: Bucket, deployment: Deployment
) -> list[str]:
    """Return where deleted jobs may have written: their output was paid for and is read."""
    if None not in observed.jobs.values():
        return []
    shown = {job.labels.get("claim") for job in observed.jobs.values() if job is not None}
    label = labels_of(deployment, AttemptKey.of(observed.attempt))["attempt"]
    return [
        bucket.uri(output_folder(label, claim))
        for claim in range(1, observed.attempt.claims + 1)
        if str(claim) not in shown
    ]
