"""The history of a record, a batch or a run, assembled from the tracking tables."""

import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import msgspec

from events import RereadRequested, Unreadable
from handlers.runs.attributes import check_source, reading_of
from handlers.runs.plan_params import plan_params
from handlers.runs.plans import request_of
from handlers.summary.run_summary import ErrorCount, skipped_rows
from tracking import Plan, Row, convert_rows
from tracking.attributes import UnfitAttribute
from tracking.statements import table_name

from .backend import Backend, InvalidOperation
from .histories import (
    AttemptClosing,
    BatchErrorCount,
    BatchHistory,
    BatchLimits,
    BatchMembers,
    ClaimRecord,
    DeliveryFault,
    NewestSelection,
    PlanOfRecord,
    PlanSummary,
    RecordedEvent,
    RecordError,
    RecordHistory,
    RecordPlan,
    RequestLine,
    RunHistory,
    Source,
    StoredRow,
)
from .runs import analysis_of, batch_rows, check_batch, run_rows

RECORD = re.compile(r"[0-9a-f]{32}")
BATCH = re.compile(r"([a-z0-9-]{1,40})/([1-9][0-9]{0,8})")


def explain(backend: Backend, subject: str) -> RecordHistory | BatchHistory | RunHistory:
    """The history of a run by its id, of a batch by `RUN/BATCH`, or of a record by its id.

    Raises `InvalidOperation` for anything else.
    """
    named = BATCH.fullmatch(subject)
    plan = backend.dependencies.tracking.plan_of(named.group(1) if named else subject)
    if plan is not None:
        return _batch(backend, plan, int(named.group(2))) if named else _run(backend, plan)
    if RECORD.fullmatch(subject):
        return record_history(backend, subject)
    if backend.dependencies.tracking.query(
        "requests_of_run", {"run_id": subject, "since": _since(backend)}
    ):
        raise InvalidOperation(
            f"run {subject} has no plan yet; `troupe status {subject}` shows why"
        )
    raise InvalidOperation(
        f"{subject} is no run here, no RUN/BATCH of one, and no record id (32 hex digits);"
        " `troupe status` lists the runs"
    )


def record_history(backend: Backend, record_id: str) -> RecordHistory:
    """The history of a record. Raises `InvalidOperation` where neither source nor run holds it."""
    history = _record(backend, record_id)
    if not (history.source.rows_in_source or history.plans or history.errors or history.rows):
        raise InvalidOperation(
            f"no record {record_id}: neither the source nor any run holds it;"
            " `troupe read FILE` shows the ids of the records of a file"
        )
    return history


class _RecordPlanRow(PlanOfRecord, frozen=True, kw_only=True):
    """A row of `queries/records/plans_of_record.sql`."""

    attributes: str | None
    phone_number_token: str | None
    interaction_id: str | None
    reference_id: str | None


_CALL_IDS = ("interaction_id", "reference_id", "phone_number_token")
"""Of a call in its source system; the one that the fewest calls share comes first."""


class _LineRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/records/request_line_of_record.sql`."""

    line: int | None
    lines: int


def _record(backend: Backend, record_id: str) -> RecordHistory:
    tracking = backend.dependencies.tracking
    params = {"record_id": record_id, "since": _since(backend)}
    plans = tracking.rows("plans_of_record", _RecordPlanRow, params)
    ids = {name: getattr(plans[0], name) if plans else None for name in _CALL_IDS}
    known = next((f"s.{name} = @{name}" for name in _CALL_IDS if ids[name] is not None), "TRUE")
    source = tracking.row("source_rows_of_record", Source, {**params, **ids}, of_this_call=known)
    selects_it = bool(plans) or not source.rows_in_source
    return RecordHistory(
        record_id=record_id,
        source=source,
        plans=[_record_plan(backend, plan, record_id) for plan in plans],
        errors=tracking.rows("errors_of_record", RecordError, params),
        rows=list(_stored_rows(backend, plans, record_id)),
        left_out=None if selects_it else _newest_selection(backend, record_id),
    )


def _record_plan(backend: Backend, plan: _RecordPlanRow, record_id: str) -> RecordPlan:
    """The history of the batch, with the line of the record in each request file."""
    tracking = backend.dependencies.tracking
    here = {"run_id": plan.run_id, "planned_on": plan.planned_on, "batch": plan.batch}
    whole = tracking.plan_of(plan.run_id)
    events = tracking.rows("events_of_batch", RecordedEvent, here)
    attempts = sorted({event.attempt for event in events if event.attempt})
    attributes = json.loads(plan.attributes) if plan.attributes else {}
    shown = {k: v for k, v in msgspec.structs.asdict(plan).items() if k not in _CALL_IDS}
    return RecordPlan(
        **{**shown, "attributes": attributes},
        limits=_limits(whole) if whole else None,
        members=tracking.row("contents_of_batch", BatchMembers, here),
        events=events,
        lines=[_request_line(backend, {**here, "attempt": n}, record_id) for n in attempts],
        closings=_closings(backend, here),
        faults=tracking.rows("deliveries_not_done", DeliveryFault, here),
    )


def _request_line(backend: Backend, here: dict[str, Any], record_id: str) -> RequestLine:
    params = {**here, "record_id": record_id}
    row = backend.dependencies.tracking.row("request_line_of_record", _LineRow, params)
    return RequestLine(attempt=here["attempt"], line=row.line, lines=row.lines)


def _stored_rows(
    backend: Backend, plans: list[_RecordPlanRow], record_id: str
) -> Iterator[StoredRow]:
    """From the tables of its plans; without a plan, from every output table."""
    known = {_table(backend, plan.run_id) for plan in plans}
    tables = {table for table in known if table} or set(backend.dependencies.analyses.tables)
    for table in sorted(tables):
        rows = backend.dependencies.tracking.query(
            "rows_of_record", {"record_id": record_id}, output=table_name(table)
        )
        yield from convert_rows(
            [row | {"table": table} for row in rows], StoredRow, "rows_of_record"
        )


def _table(backend: Backend, run_id: str) -> str | None:
    """The output table of a run; None when this version cannot read its analysis."""
    plan = backend.dependencies.tracking.plan_of(run_id)
    try:
        return analysis_of(plan).table if plan else None
    except InvalidOperation:
        return None


def _newest_selection(backend: Backend, record_id: str) -> NewestSelection | None:
    """None where no run was planned, or this version cannot read the analysis of the newest one."""
    runs = [run for run in run_rows(backend) if not run.dry_run]
    tracking = backend.dependencies.tracking
    plan = tracking.plan_of(runs[-1].run_id) if runs else None
    params = _params(plan) if plan else None
    if plan is None or params is None:
        return None
    try:
        check_source(analysis_of(plan), tracking)
    except UnfitAttribute:
        return None  # the source has lost a column since
    reading = reading_of(request_of(plan), analysis_of(plan))
    selection = tracking.selection_of_record({**params, "record_id": record_id}, reading)
    return NewestSelection(
        run_id=plan.run_id,
        planned_at=plan.planned_at,
        selection=selection,
    )


def _batch(backend: Backend, plan: Plan, batch: int) -> BatchHistory:
    tracking = backend.dependencies.tracking
    here = {**plan.key, "batch": batch}
    check_batch(plan, batch)
    return BatchHistory(
        run_id=plan.run_id,
        batch=batch,
        plan=_plan_summary(plan),
        members=tracking.row("contents_of_batch", BatchMembers, here),
        events=tracking.rows("events_of_batch", RecordedEvent, here),
        claims=tracking.rows("claims_of_batch", ClaimRecord, here),
        closings=_closings(backend, here),
        errors=tracking.rows("errors_of_batch", BatchErrorCount, here),
        faults=tracking.rows("deliveries_not_done", DeliveryFault, here),
    )


def _run(backend: Backend, plan: Plan) -> RunHistory:
    tracking = backend.dependencies.tracking
    here = plan.key
    all_batches = {**here, "batch": None}
    return RunHistory(
        run_id=plan.run_id,
        plan=_plan_summary(plan),
        events=tracking.rows("events_of_run", RecordedEvent, here),
        batches=batch_rows(backend, plan),
        closings=_closings(backend, all_batches),
        errors=tracking.rows("errors_of_run", ErrorCount, here),
        faults=tracking.rows("deliveries_not_done", DeliveryFault, all_batches),
    )


def _closings(backend: Backend, here: dict[str, Any]) -> list[AttemptClosing]:
    """The table holds jobs and outputs as JSON arrays in text."""
    rows = backend.dependencies.tracking.query("closings_of_run", here)
    lists = [
        row | {name: json.loads(row[name] or "[]") for name in ("jobs", "outputs")} for row in rows
    ]
    return convert_rows(lists, AttemptClosing, "closings_of_run")


def _since(backend: Backend) -> date:
    """A year more than the event log looks back in its daily work."""
    return backend.dependencies.event_log.lookback_start(backend.clock()) - timedelta(days=365)


def _plan_summary(plan: Plan) -> PlanSummary:
    return PlanSummary(
        planned_at=plan.planned_at,
        mode=plan.mode,
        model=plan.model,
        analysis=plan.analysis,
        prompt_fingerprint=plan.prompt_fingerprint,
        dry_run=plan.dry_run,
        batches=plan.batches,
        records=plan.records,
        would_batches=plan.would_batches,
        would_records=plan.would_records,
        source_rows=plan.source_rows,
        skipped=skipped_rows(plan),
        limits=_limits(plan),
        request=json.loads(plan.request),
    )


def _limits(plan: Plan) -> BatchLimits | None:
    params = _params(plan)
    return None if params is None else msgspec.convert(params, BatchLimits)


def _params(plan: Plan) -> Row | None:
    """The parameters of the plan's queries; None when it had none, or a value is not readable."""
    try:
        analysis, request = analysis_of(plan), request_of(plan)
    except (InvalidOperation, Unreadable):
        return None
    if isinstance(request, RereadRequested):
        return None
    return plan_params(request, plan.request_id, analysis, plan.event_time_floor)
