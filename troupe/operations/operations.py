"""What people ask of a troupe, wherever it runs."""

from collections.abc import Callable
from datetime import date, timedelta

import msgspec

from analysis import AnalysisError
from events import (
    EVENTS,
    CancelRequested,
    GcsObject,
    ReprocessRequested,
    RunRequested,
    Unreadable,
    WatchTick,
    read_event,
    topic_of,
    wrap_command,
)
from handlers.plan_run import event_time_floor
from handlers.runs.estimate import estimate
from handlers.runs.plan_params import plan_params
from handlers.summary.run_summary import summarise
from tracking import Plan, Row
from tracking.statements import table_name

from . import dead_letters
from .backend import Answer, Backend, InvalidOperation, new_run_id
from .clear_history import clear_history, forget
from .costs import costs
from .explain import explain
from .limits import course, limits_of, planned, with_reasons
from .reprocess import reprocess
from .runs import first_day, is_waiting, plan_of, unknown, was_requested


def request(backend: Backend, request: Answer, dry_run: bool = False) -> Answer:
    """Publish a run-requested; with `dry_run` only show what it would take."""
    run = _checked(backend, request)
    if dry_run or run.dry_run:
        return preview(backend, run)
    if run.run_id and was_requested(backend, run):
        return {"run_id": run.run_id, "known": True}
    named = run if run.run_id else msgspec.structs.replace(run, run_id=new_run_id(backend))
    _publish(backend, named)
    return {"run_id": named.run_id, "known": False}


def preview(backend: Backend, run: RunRequested) -> Answer:
    analysis = backend.dependencies.analyses.load(run.analysis)
    params = plan_params(run, "", analysis, event_time_floor(run, backend.dependencies.tracking))
    row = backend.dependencies.tracking.preview_plan(params)
    expected = estimate(row["records"], row["bytes"], params["model"], analysis)
    return row | {
        "run_id": run.run_id,
        "model": params["model"],
        "input_tokens": expected.input_tokens,
        "output_tokens": expected.output_tokens,
        "cost": (expected.low, expected.high),
    }


def publish(backend: Backend, topic: str, body: str, message_id: str = "") -> Answer:
    """Send a message as it is, as `gcloud pubsub topics publish` would."""
    topics = [topic_of(kind) for kind in (*EVENTS, WatchTick, GcsObject)]
    if topic not in topics:
        raise InvalidOperation(f"there is no topic {topic}: choose from {', '.join(topics)}")
    sent = backend.bus.send(topic, body.encode(), {}, message_id)
    return {"message_id": sent}


def cancel(backend: Backend, run_id: str) -> Answer:
    if is_waiting(backend, run_id):
        raise InvalidOperation(
            f"run {run_id} is not planned yet, so nothing is asked or paid: "
            f"once `troupe work` has planned it, `troupe cancel {run_id}` stops it"
        )
    plan = plan_of(backend, run_id)
    state = _runs(backend, run_id)[0]
    if state["completed_at"] is not None:
        return {"run_id": run_id, "already": "completed"}
    _publish(backend, CancelRequested(run_id=plan.run_id))
    return {"run_id": run_id, "already": None}


def status(backend: Backend, run_id: str | None = None) -> Answer:
    """All runs in short, or one in full."""
    tell = backend.dependencies.tracking.query
    since = backend.dependencies.event_log.lookback_start(backend.clock())
    about = {"since": since, "run_id": run_id}
    runs = _runs(backend, run_id)
    refusals = tell("refusals", about)
    if run_id and not runs and not refusals and not is_waiting(backend, run_id):
        raise InvalidOperation(unknown(run_id))
    jobs = _jobs(backend)
    return {
        "runs": runs,
        **(_details(backend, runs[0], jobs, since) if run_id and runs else {}),
        "limits": limits_of(backend),
        "requests": tell("waiting_requests", about),
        "refusals": refusals,
        "system_errors": tell("system_errors", about),
        "dead_letters": dead_letters.dead_letters(backend)["groups"],
        "jobs": jobs,
    }


def verify(backend: Backend, run_id: str | None = None) -> Answer:
    """The books of one run, or of all of them with their sum."""
    plans = [plan_of(backend, run_id)] if run_id else _plans(backend)
    doubled = backend.dependencies.tracking.query("processed_twice", {})[0]["doubled"]
    books = [_books(backend, plan) for plan in plans]
    if len(books) == 1:
        total = dict(books[0])
    else:
        total = {"run_id": None} | {name: sum(b[name] for b in books) for name in _COUNTS}
        total |= {"ok": all(b["ok"] for b in books), "runs": books}
    total["doubled"] += doubled
    total["ok"] = total["ok"] and not doubled
    return total


def report(backend: Backend, run_id: str) -> Answer:
    plan = plan_of(backend, run_id)
    here = {"run_id": plan.run_id, "planned_on": plan.planned_on}
    batches = backend.dependencies.tracking.query("batches", here)
    return {
        "summary": summarise(backend.dependencies.tracking, plan, backend.dependencies.analyses),
        "reconciliation": _books(backend, plan),
        "course": course(backend, plan, batches),
        "stopped_for": _runs(backend, run_id)[0]["stopped_for"],
    }


OPERATIONS: dict[str, Callable[..., Answer]] = {
    operation.__name__: operation
    for operation in (
        request,
        publish,
        cancel,
        status,
        verify,
        report,
        costs,
        explain,
        dead_letters.dead_letters,
        dead_letters.show_letter,
        dead_letters.replay,
        dead_letters.discard,
        reprocess,
        clear_history,
        forget,
    )
}
"""What may be asked, by name."""

_ENDINGS = ("analysed", "failed", "released", "open", "cleared")
_COUNTS = (
    "planned", "analysed", "failed", "released", "open", "cleared", "skipped", "lost", "doubled",
    "paid_twice",
)  # fmt: skip


def _checked(backend: Backend, request: Answer) -> RunRequested:
    try:
        run = read_event(msgspec.json.encode(request), RunRequested)
        backend.dependencies.analyses.load(run.analysis)
    except (Unreadable, AnalysisError) as error:
        raise InvalidOperation(str(error)) from error
    return run


def _publish(
    backend: Backend, request: RunRequested | ReprocessRequested | CancelRequested
) -> None:
    id_ = f"cli-{backend.dependencies.new_name()}"
    backend.publish(
        wrap_command(request, deployment=backend.deployment, id_=id_, time=backend.clock())
    )


def _runs(backend: Backend, run_id: str | None) -> list[Row]:
    return backend.dependencies.tracking.query(
        "runs", {"run_id": run_id, "since": first_day(backend) - timedelta(days=365)}
    )


def _plans(backend: Backend) -> list[Plan]:
    return [plan_of(backend, run["run_id"]) for run in _runs(backend, None)]


def _details(backend: Backend, run: Row, jobs: list[Row], since: date) -> Answer:
    tell, plan = backend.dependencies.tracking.query, plan_of(backend, run["run_id"])
    here = {"run_id": run["run_id"], "planned_on": run["planned_on"], "since": since}
    batches = tell("batches", here)
    return {
        "plan": planned(backend, plan),
        "batches": with_reasons(backend, plan, batches, jobs),
        "course": course(backend, plan, batches),
        "waiting": tell("waiting_events", here),
        "errors": tell("errors_of_run", here),
        "reconciliation": _books(backend, plan),
    }


def _books(backend: Backend, plan: Plan) -> Answer:
    output = table_name(backend.dependencies.analyses.load(plan.analysis).table)
    here = {"run_id": plan.run_id, "planned_on": plan.planned_on}
    row = backend.dependencies.tracking.query("verify_run", here, output=output)[0]
    counted = sum(row[name] for name in _ENDINGS)
    lost = row["missing_members"] + row["half_stored"] + (row["open"] if row["completed"] else 0)
    broken = lost + row["doubled"] + row["paid_twice"] + row["two_bodies"] + row["closed_twice"]
    return {
        **{name: row[name] for name in ("run_id", *_COUNTS) if name != "lost"},
        "lost": lost,
        "two_bodies": row["two_bodies"],
        "closed_twice": row["closed_twice"],
        "completed": row["completed"],
        "ok": not broken and counted == row["planned"],
    }


def _jobs(backend: Backend) -> list[Row]:
    """The jobs that Vertex has not ended."""
    now = backend.clock()
    mine = {"troupe": backend.deployment.id}
    jobs = backend.dependencies.job_service.created_since(now - timedelta(days=30), mine)
    return [
        {
            "name": job.labels.get("attempt", job.name),
            "state": job.state.name.lower(),
            "age_seconds": (now - job.created_at).total_seconds(),
        }
        for job in jobs
        if not job.state.ended
    ]
