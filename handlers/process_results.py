"""Read the output of an attempt whose jobs have ended, stage it, and close the attempt."""

from collections.abc import Callable, Iterator

from analysis import Analysis, Reader, encode_reading, without_tokens
from events import (
    JobCancelled,
    JobEnded,
    JobFailed,
    JobSucceeded,
    RereadPlanned,
    ResultsProcessed,
)
from events.ids import staging_object
from tracking import AttemptKey, Tracking

from .attempts.close import answer_record, close, results_processed
from .attempts.job_states import NEVER_STARTED, OUTPUT_MISSING, REREAD, ending_of, results_in
from .dispatch.errors import Reject
from .ports import Blob, Bucket, Clock, Policy
from .runs.plans import analysis_of, plan_of

_ROWS_A_BLOCK = 256


def process_results(
    event: JobSucceeded | JobFailed | JobCancelled | RereadPlanned,
    tracking: Tracking,
    bucket: Bucket,
    clock: Clock,
    policy: Policy,
    new_name: Callable[[], str],
    peak_megabytes: Callable[[], float | None],
) -> Iterator[ResultsProcessed]:
    attempt_key = AttemptKey.of(event)
    closing = tracking.closing_of(attempt_key)
    if closing is not None:
        yield results_processed(attempt_key, closing)
        return
    started = clock()
    analysis = analysis_of(plan_of(tracking, event.run_id))
    if isinstance(event, RereadPlanned):
        outputs = tracking.stored_outputs(attempt_key)
        jobs = [results_in(bucket.list(folder), must_be_whole=False) for folder in outputs]
        ending, cause = REREAD, "missing_response" if any(jobs) else "output_gone"
    else:
        outputs, jobs = event.outputs, _outputs_of(event, bucket)
        ending, cause = ending_of(event), event.cause
    yield close(
        attempt_key,
        tracking,
        policy,
        ending=ending,
        cause=cause,
        never_started=cause == NEVER_STARTED,
        jobs=event.jobs if isinstance(event, JobEnded) else (),
        outputs=outputs,
        staged=_stage(
            jobs, analysis, tracking, bucket, new_name(), is_paid=isinstance(event, JobEnded)
        ),
        seconds=(clock() - started).total_seconds(),
        peak_megabytes=peak_megabytes(),
    )


def _outputs_of(event: JobEnded, bucket: Bucket) -> list[list[Blob]]:
    """List the result files of each output folder.

    Raises `Reject` when a job succeeded and its output is missing or lacks a shard.
    """
    # With several jobs, or a partial success, one folder alone need not be complete.
    complete = isinstance(event, JobSucceeded) and not event.cause and len(event.outputs) == 1
    jobs = [results_in(bucket.list(folder), must_be_whole=complete) for folder in event.outputs]
    if isinstance(event, JobSucceeded) and not event.outputs:
        raise Reject(*OUTPUT_MISSING)
    return jobs


def _stage(
    jobs: list[list[Blob]],
    analysis: Analysis,
    tracking: Tracking,
    bucket: Bucket,
    name: str,
    *,
    is_paid: bool,
) -> str | None:
    """Read every output file into a staging table of this execution; None without output."""
    if not any(jobs):
        return None
    lines = _staged_lines(jobs, analysis, bucket, is_paid=is_paid)
    blob = bucket.write_once(staging_object(name), lines)
    return tracking.stage_answers(answer_record(analysis), [blob.uri])


def _staged_lines(
    jobs: list[list[Blob]], analysis: Analysis, bucket: Bucket, *, is_paid: bool
) -> Iterator[bytes]:
    """Yield blocks of NDJSON, a row for each answer or error of the output, with its job's number.

    The answers of a job are numbered throughout, so that a number names one of them: it is the line
    in the folder, where each line holds one answer. What an earlier run paid for counts no tokens.
    """
    reader, rows = Reader(analysis), list[bytes]()
    for number, blobs in enumerate(jobs, start=1):
        prefix = b'{"job":%d,' % number
        readings = (reading for blob in blobs for reading in reader.read(bucket.read(blob)))
        for at, reading in enumerate(readings, start=1):
            reading.line = at
            counted = reading if is_paid else without_tokens(reading)
            rows.append(prefix + encode_reading(counted)[1:])
            if len(rows) == _ROWS_A_BLOCK:
                yield b"".join(rows)
                rows.clear()
    yield b"".join(rows)
