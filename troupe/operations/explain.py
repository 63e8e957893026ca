"""The whole journey of a record, a batch or a run, put together from the tables."""

import json
import re
from datetime import date, timedelta

from analysis import AnalysisError
from handlers.runs.plan_params import plan_params
from handlers.runs.plans import request_of
from tracking import Plan, Row
from tracking.statements import table_name

from .backend import Answer, Backend, InvalidOperation
from .runs import check_batch

RECORD = re.compile(r"[0-9a-f]{32}")
BATCH = re.compile(r"([a-z0-9-]{1,40})/([1-9][0-9]{0,8})")
LIMITS = ("canary", "rows_per_batch", "bytes_per_batch", "limit")


def explain(backend: Backend, subject: str) -> Answer:
    """By a run's id, `RUN/BATCH`, or a record's id. Raises `InvalidOperation` for anything else."""
    named = BATCH.fullmatch(subject)
    plan = backend.dependencies.tracking.plan_of(named.group(1) if named else subject)
    if plan is not None:
        return _batch(backend, plan, int(named.group(2))) if named else _run(backend, plan)
    if RECORD.fullmatch(subject):
        return _record(backend, subject)
    if backend.dependencies.tracking.query(
        "requests_of_run", {"run_id": subject, "since": _since(backend)}
    ):
        raise InvalidOperation(f"run {subject} has no plan yet; `troupe status {subject}` says why")
    raise InvalidOperation(
        f"{subject} is no run here, no RUN/BATCH of one, and no record id (32 hex digits);"
        " `troupe status` lists the runs"
    )


def _record(backend: Backend, record_id: str) -> Answer:
    tell = backend.dependencies.tracking.query
    about = {"record_id": record_id, "since": _since(backend)}
    plans = tell("plans_of_record", about)
    source = tell("source_rows_of_record", about)[0]
    return {
        "kind": "record",
        "record_id": record_id,
        "source": source,
        "plans": [plan | _attempts(backend, plan, record_id) for plan in plans],
        "errors": tell("errors_of_record", about),
        "rows": _rows(backend, plans, record_id),
        "left_out": None
        if plans or not source["rows_in_source"]
        else _left_out(backend, record_id),
    }


def _attempts(backend: Backend, plan: Row, record_id: str) -> Row:
    """What was told of the batch, with the line of the record in each request file."""
    tell = backend.dependencies.tracking.query
    here = {"run_id": plan["run_id"], "planned_on": plan["planned_on"], "batch": plan["batch"]}
    whole = backend.dependencies.tracking.plan_of(plan["run_id"])
    events = tell("events_of_batch", here)
    attempts = sorted({event["attempt"] for event in events if event["attempt"]})
    return {
        "limits": _limits(backend, whole) if whole else {},
        "members": tell("contents_of_batch", here)[0],
        "events": events,
        "lines": [
            {
                "attempt": n,
                **tell("request_line_of_record", {**here, "attempt": n, "record_id": record_id})[0],
            }
            for n in attempts
        ],
        "closings": tell("closings_of_run", here),
        "faults": tell("deliveries_not_done", here),
    }


def _rows(backend: Backend, plans: list[Row], record_id: str) -> list[Row]:
    """Wherever a row may lie: in the tables of its plans, or, without one, in all."""
    known = {_table(backend, plan["analysis"]) for plan in plans}
    tables = {table for table in known if table} or backend.dependencies.analyses.tables
    return [
        row | {"table": table}
        for table in sorted(tables)
        for row in backend.dependencies.tracking.query(
            "rows_of_record", {"record_id": record_id}, output=table_name(table)
        )
    ]


def _table(backend: Backend, analysis: str) -> str | None:
    """Where its rows lie; None when the analysis is gone."""
    try:
        return backend.dependencies.analyses.load(analysis).table
    except AnalysisError:
        return None


def _left_out(backend: Backend, record_id: str) -> Row | None:
    """How the request of the newest run judges a record that no run took."""
    told = backend.dependencies.tracking.query("runs", {"run_id": None, "since": _since(backend)})
    runs = [run for run in told if not run["dry_run"]]
    plan = backend.dependencies.tracking.plan_of(runs[-1]["run_id"]) if runs else None
    params = _params(backend, plan) if plan else None
    if plan is None or params is None:
        return None
    given = {**params, "record_id": record_id}
    judged = backend.dependencies.tracking.query("selection_of_record", given)
    return {"run_id": plan.run_id, "planned_at": plan.planned_at, **(judged[0] if judged else {})}


def _batch(backend: Backend, plan: Plan, batch: int) -> Answer:
    tell = backend.dependencies.tracking.query
    here = {"run_id": plan.run_id, "planned_on": plan.planned_on, "batch": batch}
    check_batch(plan, batch)
    return {
        "kind": "batch",
        "run_id": plan.run_id,
        "batch": batch,
        "plan": _told(backend, plan),
        "members": tell("contents_of_batch", here)[0],
        "events": tell("events_of_batch", here),
        "claims": tell("claims_of_batch", here),
        "closings": tell("closings_of_run", here),
        "errors": tell("errors_of_batch", here),
        "faults": tell("deliveries_not_done", here),
    }


def _run(backend: Backend, plan: Plan) -> Answer:
    tell = backend.dependencies.tracking.query
    here = {"run_id": plan.run_id, "planned_on": plan.planned_on}
    return {
        "kind": "run",
        "run_id": plan.run_id,
        "plan": _told(backend, plan),
        "events": tell("events_of_run", here),
        "batches": tell("batches", here),
        "closings": tell("closings_of_run", {**here, "batch": None}),
        "errors": tell("errors_of_run", here),
        "faults": tell("deliveries_not_done", {**here, "batch": None}),
    }


def _since(backend: Backend) -> date:
    """A year more than the event log looks back in its daily work."""
    return backend.dependencies.event_log.lookback_start(backend.clock()) - timedelta(days=365)


def _told(backend: Backend, plan: Plan) -> Row:
    """What a page says of a plan: no texts, and the request as it was accepted."""
    names = (
        "planned_at", "mode", "model", "analysis", "dry_run", "batches", "records", "source_rows",
        "would_records", "would_batches", "outside_filter", "duplicate", "processed", "changed",
        "failed_before", "held", "empty_transcript", "request_too_large", "below_floor",
        "beyond_limit",
    )  # fmt: skip
    told = {name: getattr(plan, name) for name in names}
    return told | {"limits": _limits(backend, plan), "request": json.loads(plan.request)}


def _limits(backend: Backend, plan: Plan) -> Row:
    """The caps that cut the batches; empty when the analysis is gone."""
    params = _params(backend, plan)
    return {name: params[name] for name in LIMITS} if params else {}


def _params(backend: Backend, plan: Plan) -> Row | None:
    try:
        analysis = backend.dependencies.analyses.load(plan.analysis)
    except AnalysisError:
        return None
    return plan_params(request_of(plan), plan.request_id, analysis, plan.event_time_floor)
