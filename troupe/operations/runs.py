"""A run by its id: planned, requested and not planned yet, refused, or unknown."""

from datetime import date, datetime, timedelta
from difflib import get_close_matches
from typing import Literal

import msgspec

from analysis import Analysis
from events import ReprocessRequested, RereadRequested, RunRequested, read_recorded, type_of
from events.ids import sender_of_command
from handlers.dispatch.errors import Reject
from handlers.runs import plans
from handlers.runs.plans import PlanRequest, content_hash, planned_hash
from tracking import Plan
from tracking.statements import fragment

from .backend import Backend, InvalidOperation

RunPageState = Literal["open", "stopped", "failures"]
"""States by which runs are listed; failures: some record has no row from the run."""
MOST_OPEN, MOST_RUNS = 500, 1_000_000


class RunStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/runs/runs.sql`: one planned run and how far it is."""

    run_id: str
    planned_on: date
    planned_at: datetime
    analysis: str
    mode: str
    model: str
    dry_run: bool
    batches: int
    records: int
    analysed: int
    failed: int
    released: int
    cost: float | None
    answered_by: str | None
    """Models that the answers name, joined by commas; None before the first."""
    stopped_for: str | None
    """Reasons, joined by commas."""
    completed_at: datetime | None

    @property
    def records_over(self) -> int:
        """Records that came to their end."""
        return self.analysed + self.failed + self.released

    @property
    def records_open(self) -> int:
        return self.records - self.records_over

    @property
    def is_over(self) -> bool:
        return self.dry_run or self.completed_at is not None

    @property
    def stop_reasons(self) -> list[str]:
        return stop_reasons(self.stopped_for)


def stop_reasons(stopped_for: str | None) -> list[str]:
    """The reasons for which a run was stopped, from the list in its row."""
    found = (stopped_for or "").split(",")
    return [reason.strip() for reason in found if reason.strip()]


class Cancellation(msgspec.Struct, frozen=True, kw_only=True):
    """A request to cancel a run."""

    requested_at: datetime
    by: str
    """A user of the console, or what was used; empty where the command does not say."""


class BatchRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/batches/batches.sql`: one batch and the stage that it has reached."""

    batch: int
    records: int
    attempt: int
    analysed: int
    failed: int
    released: int
    state: str
    """waiting, planned, uploaded, submitted, ended, processed, completed or abandoned."""
    seconds_in_state: float | None

    @property
    def records_over(self) -> int:
        """Records that came to their end."""
        return self.analysed + self.failed + self.released

    @property
    def records_open(self) -> int:
        return max(0, self.records - self.records_over)

    @property
    def is_over(self) -> bool:
        return self.state in ("completed", "abandoned")

    @property
    def is_moving(self) -> bool:
        """It has begun and is not over."""
        return self.state != "waiting" and not self.is_over


def run_rows(backend: Backend, run_id: str | None = None) -> list[RunStatus]:
    """The run of this id, or every planned run of the last year; oldest first."""
    return run_page(backend, run_id=run_id)[::-1]


def open_rows(backend: Backend) -> list[RunStatus]:
    """The runs that are not over, oldest first."""
    return run_page(backend, state="open", limit=MOST_OPEN)[::-1]


def run_page(
    backend: Backend,
    *,
    run_id: str | None = None,
    state: RunPageState | None = None,
    text: str | None = None,
    analysis: str | None = None,
    before: tuple[datetime, str] | None = None,
    limit: int = MOST_RUNS,
) -> list[RunStatus]:
    """The runs of the last year that fit all of this, the newest first, after a time and run id."""
    before_at, before_run = before or (None, None)
    params = {
        "since": first_day(backend) - timedelta(days=365), "run_id": run_id, "state": state,
        "text": text, "analysis": analysis, "before": before_at, "before_run": before_run,
        "limit": limit,
    }  # fmt: skip
    names = {"state_of_r": fragment("failures_of_r")} if state == "failures" else {}
    return backend.dependencies.tracking.rows("runs", RunStatus, params, **names)


def cancellation_of(backend: Backend, run_id: str) -> Cancellation | None:
    """The first request to cancel a run, in the time that the event log looks back."""
    params = {"run_id": run_id, "since": first_day(backend)}
    rows = backend.dependencies.tracking.query("cancellation_of_run", params)
    return next(
        (
            Cancellation(requested_at=row["recorded_at"], by=sender_of_command(row["event_id"]))
            for row in rows
        ),
        None,
    )


def batch_rows(backend: Backend, run: Plan | RunStatus) -> list[BatchRow]:
    """The batches of a run, by their number."""
    params = {"run_id": run.run_id, "planned_on": run.planned_on}
    return backend.dependencies.tracking.rows("batches", BatchRow, params)


def plan_of(backend: Backend, run_id: str) -> Plan:
    """The plan of a run. Raises `InvalidOperation` for a run without one."""
    plan = backend.dependencies.tracking.plan_of(run_id)
    if plan is not None:
        return plan
    if _waiting(backend, run_id):
        raise InvalidOperation(
            f"run {run_id} is requested and not planned yet; `troupe work` plans it"
        )
    if backend.dependencies.tracking.query(
        "refusals", {"run_id": run_id, "since": first_day(backend)}
    ):
        raise InvalidOperation(f"run {run_id} was refused; `troupe status {run_id}` shows why")
    raise InvalidOperation(unknown(backend, run_id))


def analysis_of(plan: Plan) -> Analysis:
    """The analysis as it was planned. Raises `InvalidOperation` where a newer version planned it."""
    try:
        return plans.analysis_of(plan)
    except Reject as error:
        raise InvalidOperation(error.detail) from error


def unknown(backend: Backend, run_id: str) -> str:
    """The error for a run id that this deployment does not know, with the one that is meant."""
    like = get_close_matches(run_id, [run.run_id for run in run_rows(backend)], n=1, cutoff=0.75)
    meant = f": did you mean {like[0]}?" if like else ";"
    return f"run {run_id} is not planned here{meant} `troupe status` lists the runs"


def is_waiting(backend: Backend, run_id: str) -> bool:
    """Whether the run is requested, and neither planned nor refused yet."""
    return backend.dependencies.tracking.plan_of(run_id) is None and bool(_waiting(backend, run_id))


def was_requested(backend: Backend, request: PlanRequest) -> bool:
    """Whether the same was requested under this run id before, planned by now or not.

    Raises `InvalidOperation` when something else was requested under it.
    """
    plan = backend.dependencies.tracking.plan_of(request.run_id)
    known = {planned_hash(plan)} if plan else _hashes(backend, _waiting(backend, request.run_id))
    if known - {content_hash(request)}:
        raise InvalidOperation(
            f"run_id: {request.run_id} was used for another request before; choose another run id"
        )
    return bool(known)


def check_batch(plan: Plan, batch: int) -> None:
    """Raise `InvalidOperation` when the run has no batch of this number."""
    if not 1 <= batch <= plan.batches:
        has = f"has the batches 1 to {plan.batches}" if plan.batches else "has no batches"
        raise InvalidOperation(f"run {plan.run_id} {has}, and no batch {batch}")


def first_day(backend: Backend) -> date:
    """The first day that queries about single events read."""
    return backend.dependencies.event_log.lookback_start(backend.clock())


_COMMANDS: dict[str, type[PlanRequest]] = {
    type_of(kind): kind for kind in (RunRequested, ReprocessRequested, RereadRequested)
}


def _waiting(backend: Backend, run_id: str) -> list[str]:
    """The event ids of the requests for this run that were not refused."""
    params = {"run_id": run_id, "since": first_day(backend)}
    rows = backend.dependencies.tracking.query("requests_of_run", params)
    return [row["event_id"] for row in rows if not row["is_refused"]]


def _hashes(backend: Backend, event_ids: list[str]) -> set[str]:
    envelopes = (
        backend.dependencies.event_log.load(event_ids, first_day(backend)) if event_ids else []
    )
    return {content_hash(read_recorded(each.data, _COMMANDS[each.type])) for each in envelopes}
