"""How the jobs of an attempt ended: the event, one stable word for the cause, and the result files."""

import re
from collections.abc import Iterable, Mapping, Sequence

from events import JobCancelled, JobEnded, JobFailed, JobSucceeded
from handlers.dispatch.errors import Reject
from handlers.ports import Blob, Job, JobState
from tracking import AttemptKey

NEVER_STARTED = "never_started"
REREAD = "reread"
"""The ending of an attempt that had no job: it read what other attempts have stored."""

PERMANENT_CODES = {
    3: "import_refused",  # one bad line refuses the file; the same file is refused again
    5: "not_found",
    7: "permission_denied",  # of the Vertex service agent, mostly; needs an administrator
    9: "bucket_unusable",
}
"""gRPC codes of failed jobs that another attempt cannot repair (reported by users of Vertex AI)."""

REFUSALS = frozenset({*PERMANENT_CODES.values(), "model_not_found", "bad_request"})
"""Causes that close the attempt as refused and stop the run."""


_FINAL = re.compile(r"(?:^|/)predictions\.jsonl(?:-(\d+)-of-(\d+))?$")
_INCREMENTAL = re.compile(r"(?:^|/)incremental_predictions\.jsonl$")
OUTPUT_MISSING = ("output_missing", "the job succeeded without writing predictions")
"""Cause and detail of a dead letter: an infrastructure fault, not one of the records."""


def ending_of(event: JobEnded) -> str:
    """Return how the attempt ended, as `tracking/transactions/close_attempt.sql` names it."""
    if isinstance(event, JobSucceeded):
        return "succeeded"
    if event.cause in REFUSALS:
        return "refused"
    return "cancelled" if isinstance(event, JobCancelled) else "failed"


def all_ended(jobs: Iterable[Job | None]) -> bool:
    """Tell whether every job has ended. A deleted job (None) has."""
    return all(job is None or job.state.ended for job in jobs)


def end_of(
    jobs: Mapping[str, Job | None], deleted_folders: Sequence[str], attempt_key: AttemptKey
) -> JobEnded:
    """Build the event of an attempt's end from all of its jobs by name; None for a deleted job.

    `deleted_folders` are the output folders of deleted jobs: their output was paid for.
    """
    kept = [job for job in jobs.values() if job is not None]
    outputs = sorted([*deleted_folders, *(job.output_folder for job in kept if job.output_folder)])
    kind, cause = _ending(kept)
    return kind(
        **attempt_key.fields(),
        jobs=sorted(jobs),
        outputs=outputs,
        cause=cause,
    )


def _ending(jobs: Sequence[Job]) -> tuple[type[JobEnded], str]:
    states = {job.state for job in jobs}
    if JobState.SUCCEEDED in states:
        return JobSucceeded, ""
    if JobState.PARTIALLY_SUCCEEDED in states:
        return JobSucceeded, "partially_succeeded"
    failures = sorted(_cause(job) for job in jobs if job.state is JobState.FAILED)
    if failures:
        return JobFailed, failures[0]
    if JobState.EXPIRED in states:
        return JobFailed, "expired"
    if JobState.CANCELLED in states:
        return JobCancelled, "cancelled"
    return JobFailed, "deleted"


def _cause(job: Job) -> str:
    code = job.error_code
    return PERMANENT_CODES.get(code, f"code_{code}") if code is not None else "failed"


def never_started(attempt_key: AttemptKey) -> JobCancelled:
    """Build the end of an attempt whose claims brought no job, and will bring none."""
    return JobCancelled(**attempt_key.fields(), jobs=[], outputs=[], cause=NEVER_STARTED)


def is_final(name: str) -> bool:
    """Whether an object of this name is a result file or one shard of it."""
    return _FINAL.search(name) is not None


def results_in(blobs: Sequence[Blob], *, must_be_whole: bool) -> list[Blob]:
    """The files of one output folder to be read, as one.

    A job that succeeded wrote all of its files: raises `Reject` when one is missing. For any
    other end what is there is read, the partial dump only where there is no final file.
    """
    final = [blob for blob in blobs if is_final(blob.uri)]
    if must_be_whole:
        _check_whole(final)
    return final or [blob for blob in blobs if _INCREMENTAL.search(blob.uri)]


def _check_whole(final: Sequence[Blob]) -> None:
    if not final:
        raise Reject(*OUTPUT_MISSING)
    found = [match for blob in final if (match := _FINAL.search(blob.uri))]
    expected = max(int(match.group(2) or 1) for match in found)
    if len(found) < expected:
        raise Reject("shard_missing", f"{len(found)} of {expected} result files are there")
