"""What a notification says of a run that is over: ids, counts and stable words of its stored report."""

from datetime import date, datetime

import msgspec

from handlers.dispatch.errors import Redeliver
from tracking import Tracking

from .run_summary import Endings, ErrorCount


class _Totals(msgspec.Struct, frozen=True, kw_only=True):
    answered_by: str | None = None
    cost: float | None = None


class _Times(msgspec.Struct, frozen=True, kw_only=True):
    completed_at: datetime | None = None


class MovedFigure(msgspec.Struct, frozen=True, kw_only=True):
    """A share of the answers that moved beyond chance: names of the schema, and numbers."""

    kind: str
    """answer, mark, grade or error."""
    column: str
    value: str | None
    attribute: str | None = None
    share_now: float
    share_before: float
    records_now: int
    records_before: int


class RunFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a stored `RunSummary` that is sent, so that a report of another version is read."""

    run_id: str
    planned_on: date
    planned_at: datetime
    analysis: str
    mode: str
    model: str
    dry_run: bool
    batches: int
    records: int
    skipped: dict[str, int]
    endings: Endings
    totals: _Totals
    times: _Times
    errors: list[ErrorCount]
    stop_reasons: list[str] = []
    moved: list[MovedFigure] = []


class EndedRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run whose report is written."""

    notification_id: str
    """The idempotency key: the same for every notification of this end."""
    deployment: str
    figures: RunFigures


class RefusedRun(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was refused, so that no run began."""

    notification_id: str
    """The idempotency key: the same for every notification of this refusal."""
    deployment: str
    run_id: str
    reason: str
    """A stable word, see `RunRefused`. The detail is left out: it may quote the request."""


def ended_run(
    tracking: Tracking, run_id: str, *, notification_id: str, deployment: str
) -> EndedRun:
    """Read a run from its stored report, which never changes. Raises `Redeliver` without one."""
    stored = tracking.query("report_of", {"run_id": run_id})
    if not stored:
        raise Redeliver(f"run {run_id} has no report yet")
    return EndedRun(
        notification_id=notification_id,
        deployment=deployment,
        figures=msgspec.json.decode(stored[0]["report"], type=RunFigures),
    )
