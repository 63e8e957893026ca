"""Write the request file of an attempt: one JSON line for each open record of the batch."""

from collections.abc import Iterator

from analysis import Analysis, PreflightError, Request, preflight, render
from events import BatchPlanned, Deployment, JsonlUploaded
from events.ids import request_object
from tracking import AttemptKey, RequestRecord, Tracking

from .dispatch.errors import Reject, Wait
from .ports import Bucket, Clock
from .runs.plans import analysis_of, plan_of


def write_jsonl(
    event: BatchPlanned,
    tracking: Tracking,
    bucket: Bucket,
    deployment: Deployment,
    clock: Clock,
) -> Iterator[JsonlUploaded]:
    attempt_key = AttemptKey.of(event)
    known = tracking.claims_of(attempt_key)
    if not known.planned:
        raise Reject("not_planned", f"batch {event.batch}, attempt {event.attempt}")
    if known.closed or (known.stopped and not known.taken):
        return  # a stop releases every attempt that holds no claim
    if event.not_before is not None and clock() < event.not_before:
        raise Wait("the service did not answer the attempt before", not_before=event.not_before)
    analysis = analysis_of(plan_of(tracking, event.run_id))
    lines = _CountedLines(preflight(analysis, _lines(tracking, attempt_key, analysis)))
    attempt = deployment.attempt(event.run_id, event.batch, event.attempt)
    try:
        blob = bucket.write_once(request_object(attempt), lines)
    except (PreflightError, Reject) as error:
        if tracking.closing_of(attempt_key) is not None:
            # This process slept past the end of its attempt, and records may be forgotten since.
            return
        raise _rejected(error) from error
    yield JsonlUploaded(
        **attempt_key.fields(),
        uri=blob.uri,
        generation=blob.generation,
        lines=lines.count,
        bytes=blob.size,
        checksum=blob.checksum,
    )


def _rejected(error: PreflightError | Reject) -> Reject:
    """One bad line makes Vertex refuse the whole file, and the next rendering is the same."""
    return error if isinstance(error, Reject) else Reject("preflight_failed", str(error))


def _lines(tracking: Tracking, attempt_key: AttemptKey, analysis: Analysis) -> Iterator[bytes]:
    return render(
        analysis, (_request(record, analysis) for record in tracking.requests_of(attempt_key))
    )


def _request(record: RequestRecord, analysis: Analysis) -> Request:
    """Allow twice the output once, after an answer that was cut off."""
    raised, usual = analysis.raised_output_tokens, analysis.max_output_tokens
    tokens = raised if record.was_truncated else usual
    return Request(record.record_id, record.transcript, tokens, record.attributes)


class _CountedLines:
    """Count lines while they pass through, in constant memory."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines, self.count = lines, 0

    def __iter__(self) -> Iterator[bytes]:
        for line in self._lines:
            self.count += 1
            yield line
