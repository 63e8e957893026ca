"""The jobs of an attempt have ended: read what they answered, and close the attempt for good."""

from collections.abc import Callable, Iterator

from analysis import Analyses, Analysis, Reader, encode_reading, lines_of
from events import JobCancelled, JobEnded, JobFailed, JobSucceeded, ResultsProcessed
from tracking import AttemptKey, Tracking

from .attempts.close import close, told
from .attempts.job_states import NEVER_STARTED, ending_of
from .attempts.output_columns import answer_columns
from .attempts.output_files import results_in
from .ports import Blob, Bucket, Clock
from .runs.plans import plan_of


def process_results(
    event: JobSucceeded | JobFailed | JobCancelled,
    tracking: Tracking,
    bucket: Bucket,
    analyses: Analyses,
    clock: Clock,
    new_name: Callable[[], str],
    peak_megabytes: Callable[[], float | None],
) -> Iterator[ResultsProcessed]:
    attempt_key = AttemptKey.of(event)
    closing = tracking.closing_of(attempt_key)
    if closing is not None:
        yield told(attempt_key, closing)
        return
    started = clock()
    analysis = analyses.load(plan_of(tracking, event.run_id).analysis)
    staged = _stage(event, analysis, tracking, bucket, new_name())
    yield close(
        attempt_key,
        tracking,
        analyses,
        ending=ending_of(event),
        never_started=event.cause == NEVER_STARTED,
        jobs=event.jobs,
        outputs=event.outputs,
        staged=staged,
        seconds=(clock() - started).total_seconds(),
        peak_megabytes=peak_megabytes(),
    )


def _stage(
    event: JobEnded, analysis: Analysis, tracking: Tracking, bucket: Bucket, name: str
) -> str | None:
    """Read every output folder into a staging table of this execution alone, if there is any."""
    whole = isinstance(event, JobSucceeded) and not event.cause
    jobs = [
        results_in(bucket.list(folder), must_be_whole=whole and len(event.outputs) == 1)
        for folder in event.outputs
    ]
    if isinstance(event, JobSucceeded) and not event.outputs:
        results_in([], must_be_whole=True)
    if not any(jobs):
        return None
    blob = bucket.write_once(f"staging/{name}/answers.ndjson", _readings(jobs, analysis, bucket))
    return tracking.stage_answers(answer_columns(analysis), [blob.uri])


def _readings(jobs: list[list[Blob]], analysis: Analysis, bucket: Bucket) -> Iterator[bytes]:
    """One staging row a line, with the number of the job that answered it."""
    reader = Reader(analysis)
    for number, blobs in enumerate(jobs, start=1):
        opening = b'{"job":%d,' % number
        lines = (line for blob in blobs for line in lines_of(bucket.read(blob)))
        for at, line in enumerate(lines, start=1):
            if line.strip():
                yield opening + encode_reading(reader.read_line(line, at))[1:]
