"""A run by its id: planned, requested and not planned yet, refused, or unknown."""

from datetime import date, datetime, timedelta
from difflib import get_close_matches

import msgspec

from analysis import Analysis
from events import ReprocessRequested, RereadRequested, RunRequested, read_recorded, type_of
from handlers.dispatch.errors import Reject
from handlers.runs import plans
from handlers.runs.plans import PlanRequest, content_hash, planned_hash
from tracking import Plan

from .backend import Backend, InvalidOperation


class RunStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/runs.sql`: one planned run and how far it is."""

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


class BatchRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/batches.sql`: one batch and the stage that it has reached."""

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
    params = {"run_id": run_id, "since": first_day(backend) - timedelta(days=365)}
    return backend.dependencies.tracking.rows("runs", RunStatus, params)


def batch_rows(backend: Backend, plan: Plan) -> list[BatchRow]:
    """The batches of a run, by their number."""
    params = {"run_id": plan.run_id, "planned_on": plan.planned_on}
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
