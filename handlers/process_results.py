"""The jobs of an attempt have ended: read what they answered, and close the attempt for good."""

import json
from collections.abc import Callable, Iterator

from analysis import Analysis, Reader, encode_reading, lines_of, load_analysis
from analysis.prices import prices_of
from events import JobCancelled, JobEnded, JobFailed, JobSucceeded, ResultsProcessed
from tracking import Closing, Ending, Place, Tracking

from .job_states import NEVER_STARTED, ending_of
from .output_files import results_in
from .places import place_of
from .plans import plan_of, wish_of
from .tools import Blob, Bucket, Clock

NOTHING_STAGED = "staged_answers"
"""A table that stays empty: what an attempt without answers is closed with."""


def process_results(
    event: JobSucceeded | JobFailed | JobCancelled,
    tracking: Tracking,
    bucket: Bucket,
    clock: Clock,
    new_name: Callable[[], str],
    peak_megabytes: Callable[[], float | None],
) -> Iterator[ResultsProcessed]:
    place = place_of(event)
    closing = tracking.closing_of(place)
    if closing is None:
        started = clock()
        analysis = load_analysis(plan_of(tracking, event.run_id).analysis)
        staged = _stage(event, analysis, tracking, bucket, new_name())
        seconds = (clock() - started).total_seconds()
        tracking.close_attempt(
            _ending(event, analysis, tracking, staged, seconds, peak_megabytes())
        )
        closing = tracking.closing_of(place)
    assert closing is not None, "closing is one transaction, and it was done"  # noqa: S101
    yield told(place, closing)


def _stage(
    event: JobEnded, analysis: Analysis, tracking: Tracking, bucket: Bucket, name: str
) -> str:
    """Read every output folder into a staging table of this execution alone."""
    whole = isinstance(event, JobSucceeded) and not event.cause
    jobs = [
        results_in(bucket.list(folder), must_be_whole=whole and len(event.outputs) == 1)
        for folder in event.outputs
    ]
    if isinstance(event, JobSucceeded) and not event.outputs:
        results_in([], must_be_whole=True)
    if not any(jobs):
        return NOTHING_STAGED
    blob = bucket.write_once(f"staging/{name}/answers.ndjson", _readings(jobs, analysis, bucket))
    return tracking.stage_answers([blob.uri])


def _readings(jobs: list[list[Blob]], analysis: Analysis, bucket: Bucket) -> Iterator[bytes]:
    """One staging row a line, with the number of the job that answered it."""
    reader = Reader(analysis)
    for number, blobs in enumerate(jobs, start=1):
        opening = b'{"job":%d,' % number
        lines = (line for blob in blobs for line in lines_of(bucket.read(blob)))
        for at, line in enumerate(lines, start=1):
            if line.strip():
                yield opening + encode_reading(reader.read_line(line, at))[1:]


def _ending(
    event: JobEnded,
    analysis: Analysis,
    tracking: Tracking,
    staged: str,
    seconds: float,
    peak_megabytes: float | None,
) -> Ending:
    plan = plan_of(tracking, event.run_id)
    wish = wish_of(plan)
    return Ending(
        place=place_of(event),
        ending=ending_of(event),
        never_started=event.cause == NEVER_STARTED,
        jobs=json.dumps(event.jobs),
        outputs=json.dumps(event.outputs),
        staged=staged,
        output=analysis.table,
        answer_columns=[name for name, _type, _mode in analysis.output_columns],
        summary_column=analysis.contract.summary,
        grounding=wish.grounding,
        analysis=analysis.name,
        model=plan.model,
        max_attempts=wish.max_attempts,
        prices=prices_of(plan.model),
        seconds=seconds,
        peak_megabytes=peak_megabytes,
    )


def told(place: Place, closing: Closing) -> ResultsProcessed:
    """The fact of a closing; the same whoever tells it."""
    return ResultsProcessed(
        run_id=place.run_id,
        planned_on=place.planned_on,
        batch=place.batch,
        attempt=place.attempt,
        analysed=closing.analysed,
        failed=closing.failed,
        released=closing.released,
        open=closing.open,
        verdict=closing.verdict,
        cause=closing.cause,
    )
