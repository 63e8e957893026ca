"""What Vertex shows of the attempts that wait for it."""

from dataclasses import dataclass
from datetime import date

from events import Deployment
from events.ids import AttemptId, output_folder
from handlers.ports import Bucket, Job, JobService
from handlers.submit_job import labels_of
from tracking import AttemptKey, Tracking, WaitingAttempt


@dataclass(frozen=True, slots=True)
class ObservedAttempt:
    """One waiting attempt and its jobs by name; None for a job that is gone."""

    attempt: WaitingAttempt
    jobs: dict[str, Job | None]


def observe(
    tracking: Tracking,
    job_service: JobService,
    deployment: Deployment,
    since: date,
    only: AttemptId | None = None,
) -> list[ObservedAttempt]:
    """One listing for all attempts, and one query for each known job that it does not show.

    With `only` nothing but this run's batch and attempt is looked at.
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
    seen: ObservedAttempt, bucket: Bucket, deployment: Deployment
) -> list[str]:
    """The folders of jobs that are gone: what they wrote was paid for."""
    if None not in seen.jobs.values():
        return []
    shown = {job.labels.get("claim") for job in seen.jobs.values() if job is not None}
    label = labels_of(deployment, AttemptKey.of(seen.attempt))["attempt"]
    return [
        bucket.uri(output_folder(label, claim))
        for claim in range(1, seen.attempt.claims + 1)
        if str(claim) not in shown
    ]
