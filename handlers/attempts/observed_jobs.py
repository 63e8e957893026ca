"""The attempts that wait for Vertex, each with the jobs that Vertex shows of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from events import Deployment
from events.ids import output_folder
from handlers.ports import Bucket, Job, JobService
from tracking import AttemptKey, WaitingAttempt


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
    jobs: Mapping[str, Job | None]

    @property
    def live(self) -> list[Job]:
        """The jobs that have not ended."""
        return [job for job in self.jobs.values() if job is not None and not job.state.ended]


def observe(
    attempt: WaitingAttempt, listed: Sequence[Job], job_service: JobService, deployment: Deployment
) -> ObservedAttempt:
    """Find the jobs of an attempt among the listed ones, and get each known job that they lack."""
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
        for claim in range(1, observed.attempt.newest_claim + 1)
        if str(claim) not in shown
    ]
