"""What Vertex shows of the attempts that wait for it."""

from dataclasses import dataclass
from datetime import date

from events import Deployment
from handlers.places import place_of
from handlers.ports import Bucket, Job, JobService
from handlers.submit_job import labels_of
from tracking import Tracking, WaitingAttempt

from .output_files import output_of


@dataclass(frozen=True, slots=True)
class Sighting:
    """One waiting attempt and its jobs by name; None for a job that is gone."""

    attempt: WaitingAttempt
    jobs: dict[str, Job | None]


def look(
    tracking: Tracking,
    job_service: JobService,
    deployment: Deployment,
    since: date,
    only: tuple[str, int, int] | None = None,
) -> list[Sighting]:
    """One listing for all attempts, and one query for each known job that it does not show.

    With `only` nothing but this run's batch and attempt is looked at.
    """
    waiting = tracking.waiting_attempts(since, only)
    if not waiting:
        return []
    oldest = min(attempt.first_claimed_at for attempt in waiting)
    listed = job_service.created_since(oldest, {"troupe": deployment.id})
    return [_sighting(attempt, listed, job_service, deployment) for attempt in waiting]


def _sighting(
    attempt: WaitingAttempt,
    listed: list[Job],
    job_service: JobService,
    deployment: Deployment,
) -> Sighting:
    label = labels_of(deployment, place_of(attempt))["attempt"]
    jobs: dict[str, Job | None] = {
        job.name: job for job in listed if job.labels.get("attempt") == label
    }
    for name in attempt.jobs:
        if name not in jobs:
            jobs[name] = job_service.get(name)
    return Sighting(attempt, jobs)


def left_behind(seen: Sighting, bucket: Bucket, deployment: Deployment) -> list[str]:
    """The folders of jobs that are gone: what they wrote was paid for."""
    if None not in seen.jobs.values():
        return []
    shown = {job.labels.get("claim") for job in seen.jobs.values() if job is not None}
    place = place_of(seen.attempt)
    return [
        bucket.uri(output_of(deployment, place, claim))
        for claim in range(1, seen.attempt.claims + 1)
        if str(claim) not in shown
    ]
