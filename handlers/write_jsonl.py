"""A batch was planned: write the requests of this attempt as the file that Vertex reads."""

from collections.abc import Iterator

from analysis import Analyses, Analysis, PreflightError, Request, preflight, render
from events import BatchPlanned, Deployment, JobCancelled, JsonlUploaded
from events.ids import request_object
from tracking import AttemptKey, RequestRecord, Tracking

from .attempts.claims import is_void, void_if_stopped
from .attempts.job_states import NEVER_STARTED
from .dispatch.errors import Reject
from .ports import Bucket
from .runs.plans import plan_of


def write_jsonl(
    event: BatchPlanned,
    tracking: Tracking,
    bucket: Bucket,
    analyses: Analyses,
    deployment: Deployment,
) -> Iterator[JsonlUploaded | JobCancelled]:
    attempt_key = AttemptKey.of(event)
    if is_void(void_if_stopped(tracking, attempt_key)):
        yield never_started(event)
        return
    analysis = analyses.load(plan_of(tracking, event.run_id).analysis)
    lines = _Counted(preflight(analysis, _lines(tracking, attempt_key, analysis)))
    name = request_object(deployment.attempt(event.run_id, event.batch, event.attempt))
    try:
        blob = bucket.write_once(name, lines)
    except (PreflightError, Reject) as error:
        if tracking.closing_of(attempt_key) is not None:
            # It slept past the end of its attempt; people may have been forgotten since.
            return
        raise _for_good(error) from error
    yield JsonlUploaded(
        run_id=event.run_id,
        planned_on=event.planned_on,
        batch=event.batch,
        attempt=event.attempt,
        uri=blob.uri,
        generation=blob.generation,
        lines=lines.count,
        bytes=blob.size,
        checksum=blob.checksum,
    )


def never_started(event: BatchPlanned | JsonlUploaded) -> JobCancelled:
    """The attempt goes on to its end without a job, because the run was stopped before."""
    return JobCancelled(
        run_id=event.run_id,
        planned_on=event.planned_on,
        batch=event.batch,
        attempt=event.attempt,
        jobs=[],
        outputs=[],
        cause=NEVER_STARTED,
    )


def _for_good(error: PreflightError | Reject) -> Reject:
    """One bad line makes Vertex refuse the whole file; the same file is bad again."""
    return error if isinstance(error, Reject) else Reject("preflight_failed", str(error))


def _lines(tracking: Tracking, attempt_key: AttemptKey, analysis: Analysis) -> Iterator[bytes]:
    return render(
        analysis, (_request(record, analysis) for record in tracking.requests_of(attempt_key))
    )


def _request(record: RequestRecord, analysis: Analysis) -> Request:
    """An answer that was cut off before may be twice as long, once."""
    cap = analysis.max_output_tokens
    longer = min(2 * cap, analysis.output_cap)
    return Request(record.record_id, record.transcript, longer if record.was_truncated else cap)


class _Counted:
    """Counts the lines that run through."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines, self.count = lines, 0

    def __iter__(self) -> Iterator[bytes]:
        for line in self._lines:
            self.count += 1
            yield line
