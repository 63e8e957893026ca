"""Refuse an invalid request: record the refusal with its field and remedy, and do nothing else."""

import logging
from collections.abc import Iterator

from analysis.error_types import log_fields
from events import BadRequest, RunRefused
from events.ids import run_refused_error
from tracking import Tracking

LOG = logging.getLogger("troupe.requests")


def refuse_run(bad: BadRequest, tracking: Tracking) -> Iterator[RunRefused]:
    yield refused(tracking, bad.run_id, bad.request_id, "bad_input", bad.detail)


def refused(
    tracking: Tracking, run_id: str, request_id: str, reason: str, detail: str
) -> RunRefused:
    """Store the refusal in `error_tracking`, log it once, and return its event.

    A request that was refused before keeps its first reason: an event has one body.
    """
    error_id = run_refused_error(run_id, request_id)
    is_new = tracking.store_error(
        error_id,
        "run_refused",
        cause=reason,
        event_id=request_id,
        run_id=run_id,
        detail=detail,
    )
    if is_new:
        fields = {"run_id": run_id, "reason": reason, "detail": detail}
        LOG.error("run-refused", extra=log_fields("run_refused") | fields)
    else:
        (first,) = tracking.query("refusal_of", {"error_id": error_id})
        reason, detail = first["reason"], first["detail"]
    return RunRefused(run_id=run_id, request_id=request_id, reason=reason, detail=detail)
