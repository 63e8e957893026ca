"""A request breaks the rules: say so where people look, and do nothing else."""

import logging
from collections.abc import Iterator

from events import BadRequest, RunRefused
from events.ids import run_refused_error
from tracking import Tracking

from .codes import coded

LOG = logging.getLogger("troupe.requests")


def refuse_run(bad: BadRequest, tracking: Tracking) -> Iterator[RunRefused]:
    yield refused(tracking, bad.run_id, bad.request_id, "bad_input", bad.detail)


def refused(
    tracking: Tracking, run_id: str, request_id: str, reason: str, detail: str
) -> RunRefused:
    """The event, its line in the log and its row in `error_tracking`."""
    is_new = tracking.store_error(
        run_refused_error(run_id, request_id),
        "run_refused",
        cause=reason,
        event_id=request_id,
        run_id=run_id,
        detail=detail,
    )
    if is_new:
        about = {"run_id": run_id, "reason": reason, "detail": detail}
        LOG.error("run-refused", extra=coded("run_refused") | about)
    return RunRefused(run_id=run_id, request_id=request_id, reason=reason, detail=detail)
