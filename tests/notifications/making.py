"""Ended runs for tests of notifications, and a notifier that keeps what it is given."""

import base64
from typing import Any

import msgspec

from handlers.ports import Notifier
from handlers.summary.ended_run import EndedRun, RefusedRun, RunFigures
from handlers.summary.run_summary import Endings, ErrorCount

KEY = bytes(range(32))
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
ID = "n-0123456789abcdef0123456789abcdef"


def failed(error_type: str, records: int, cause: str | None = None) -> ErrorCount:
    """Records that failed for good."""
    return ErrorCount(
        error_type=error_type, cause=cause, scope="record", retryable=False, replan=False,
        hint=None, errors=records, records=records,
    )  # fmt: skip


def ended(
    run_id: str = "r1",
    *,
    analysed: int = 90,
    failed: int = 0,
    released: int = 0,
    answered_by: str | None = "gemini-2.5-flash-001",
    cost: float | None = 1.5,
    errors: list[ErrorCount] | None = None,
    stop_reasons: list[str] | None = None,
    **changed: Any,
) -> EndedRun:
    """A run that is over; further arguments replace its figures."""
    endings = Endings(analysed=analysed, failed=failed, released=released, open=0, cleared=0)
    figures = {
        "run_id": run_id,
        "planned_on": "2026-03-02",
        "planned_at": "2026-03-02T09:00:00Z",
        "analysis": "call_review_v1",
        "mode": "production",
        "model": "gemini-2.5-flash",
        "dry_run": False,
        "batches": 2,
        "records": endings.total,
        "skipped": {"processed": 3},
        "endings": msgspec.structs.asdict(endings),
        "totals": {"answered_by": answered_by, "cost": cost},
        "times": {"completed_at": "2026-03-02T09:10:00Z"},
        "errors": [msgspec.structs.asdict(each) for each in errors or ()],
        "stop_reasons": stop_reasons or [],
    } | changed
    return EndedRun(
        notification_id=ID,
        deployment="ab12",
        figures=msgspec.convert(figures, RunFigures),
    )


def refused(run_id: str = "r1", reason: str = "over_budget") -> RefusedRun:
    return RefusedRun(notification_id=ID, deployment="ab12", run_id=run_id, reason=reason)


class KeptRuns(Notifier):
    """Keeps what is sent; raises the errors that a test gives, one at each call, first."""

    def __init__(self, *errors: Exception) -> None:
        self.sent: list[EndedRun | RefusedRun] = []
        self.calls = 0
        self._errors = list(errors)

    def send(self, run: EndedRun | RefusedRun) -> None:
        self.calls += 1
        if self._errors:
            raise self._errors.pop(0)
        self.sent.append(run)
