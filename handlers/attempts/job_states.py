"""How a job's end is read: what it means for the attempt, and the one word for why."""

from collections.abc import Sequence

from events import JobCancelled, JobEnded, JobFailed, JobSucceeded
from handlers.ports import Job, JobState

NEVER_STARTED = "never_started"

PERMANENT_CODES = {
    3: "import_refused",  # one bad line refuses the file; the same file is refused again
    5: "not_found",
    7: "permission_denied",  # of the Vertex service agent, mostly; needs an administrator
    9: "bucket_unusable",
}
"""gRPC codes of failed jobs that another attempt cannot mend (events observed by others)."""

REFUSALS = frozenset({*PERMANENT_CODES.values(), "model_not_found", "bad_request"})
"""Causes that close the attempt as refused and stop the run."""


def ending_of(event: JobEnded) -> str:
    """How the attempt ended, in the words of `tracking/transactions/close_attempt.sql`."""
    if isinstance(event, JobSucceeded):
        return "succeeded"
    if event.cause in REFUSALS:
        return "refused"
    return "cancelled" if isinstance(event, JobCancelled) else "failed"


def all_ended(jobs: Sequence[Job | None]) -> bool:
    """A job that is gone has ended as well."""
    return all(job is None or job.state.ended for job in jobs)


def end_of(
    jobs: Sequence[Job | None], names: Sequence[str], folders_of_deleted_jobs: Sequence[str], *, run_id: str,
    planned_on: str, batch: int, attempt: int,
) -> JobEnded:  # fmt: skip
    """The one event that tells how an attempt ended, from all of its jobs, each ended or gone.

    `folders_of_deleted_jobs` are the folders of jobs that are gone: what they wrote was paid for.
    """
    kept = [job for job in jobs if job is not None]
    outputs = sorted(
        [*folders_of_deleted_jobs, *(job.output_folder for job in kept if job.output_folder)]
    )
    kind, cause = _judge(kept)
    return kind(
        run_id=run_id,
        planned_on=planned_on,
        batch=batch,
        attempt=attempt,
        jobs=sorted(names),
        outputs=outputs,
        cause=cause,
    )


def _judge(jobs: Sequence[Job]) -> tuple[type[JobEnded], str]:
    states = {job.state for job in jobs}
    if JobState.SUCCEEDED in states:
        return JobSucceeded, ""
    if JobState.PARTIALLY_SUCCEEDED in states:
        return JobSucceeded, "partially_succeeded"
    failures = sorted(_why(job) for job in jobs if job.state is JobState.FAILED)
    if failures:
        return JobFailed, failures[0]
    if JobState.EXPIRED in states:
        return JobFailed, "expired"
    if JobState.CANCELLED in states:
        return JobCancelled, "cancelled"
    return JobFailed, "deleted"


def _why(job: Job) -> str:
    code = job.error_code
    return PERMANENT_CODES.get(code, f"code_{code}") if code is not None else "failed"
