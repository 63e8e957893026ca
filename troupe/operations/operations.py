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
from .backend import Answer, InvalidOperation, Troupe, new_run_id
from .clear_history import clear_history, forget
from .costs import costs
from .explain import explain
from .limits import course, limits_of, planned, with_reasons
from .reprocess import reprocess
from .runs import first_day, is_waiting, plan_of, unknown, was_requested


def request(world: Troupe, request: Answer, dry_run: bool = False) -> Answer:
    """Publish a run-requested; with `dry_run` only show what it would take."""
    run = _checked(world, request)
    if dry_run or run.dry_run:
        return preview(world, run)
    if run.run_id and was_requested(world, run):
        return {"run_id": run.run_id, "known": True}
    named = run if run.run_id else msgspec.structs.replace(run, run_id=new_run_id(world))
    _publish(world, named)
    return {"run_id": named.run_id, "known": False}


def preview(world: Troupe, run: RunRequested) -> Answer:
    analysis = world.dependencies.analyses.load(run.analysis)
    params = plan_params(run, "", analysis, event_time_floor(run, world.dependencies.tracking))
    row = world.dependencies.tracking.preview_plan(params)
    expected = estimate(row["records"], row["bytes"], params["model"], analysis)
    return row | {
        "run_id": run.run_id,
        "model": params["model"],
        "input_tokens": expected.input_tokens,
        "output_tokens": expected.output_tokens,
        "cost": (expected.low, expected.high),
    }


def publish(world: Troupe, topic: str, body: str, message_id: str = "") -> Answer:
    """Send a message as it is, as `gcloud pubsub topics publish` would."""
    topics = [topic_of(kind) for kind in (*EVENTS, WatchTick, GcsObject)]
    if topic not in topics:
        raise InvalidOperation(f"there is no topic {topic}: choose from {', '.join(topics)}")
    sent = world.bus.send(topic, body.encode(), {}, message_id)
    return {"message_id": sent}


def cancel(world: Troupe, run_id: str) -> Answer:
    if is_waiting(world, run_id):
        raise InvalidOperation(
            f"run {run_id} is not planned yet, so nothing is asked or paid: "
            f"once `troupe work` has planned it, `troupe cancel {run_id}` stops it"
        )
    plan = plan_of(world, run_id)
    state = _runs(world, run_id)[0]
    if state["completed_at"] is not None:
        return {"run_id": run_id, "already": "completed"}
    _publish(world, CancelRequested(run_id=plan.run_id))
    return {"run_id": run_id, "already": None}


def status(world: Troupe, run_id: str | None = None) -> Answer:
    """All runs in short, or one in full."""
    tell = world.dependencies.tracking.query
    since = world.dependencies.event_log.lookback_start(world.clock())
    about = {"since": since, "run_id": run_id}
    runs = _runs(world, run_id)
    refusals = tell("refusals", about)
    if run_id and not runs and not refusals and not is_waiting(world, run_id):
        raise InvalidOperation(unknown(run_id))
    jobs = _jobs(world)
    return {
        "runs": runs,
        **(_details(world, runs[0], jobs, since) if run_id and runs else {}),
        "limits": limits_of(world),
        "requests": tell("requests_waiting", about),
        "refusals": refusals,
        "system_errors": tell("system_errors", about),
        "dead_letters": dead_letters.dead_letters(world)["groups"],
        "jobs": jobs,
    }


def verify(world: Troupe, run_id: str | None = None) -> Answer:
    """The books of one run, or of all of them with their sum."""
    plans = [plan_of(world, run_id)] if run_id else _plans(world)
    doubled = world.dependencies.tracking.query("processed_twice", {})[0]["doubled"]
    books = [_books(world, plan) for plan in plans]
    if len(books) == 1:
        total = dict(books[0])
    else:
        total = {"run_id": None} | {name: sum(b[name] for b in books) for name in _COUNTS}
        total |= {"ok": all(b["ok"] for b in books), "runs": books}
    total["doubled"] += doubled
    total["ok"] = total["ok"] and not doubled
    return total


def report(world: Troupe, run_id: str) -> Answer:
    plan = plan_of(world, run_id)
    here = {"run_id": plan.run_id, "planned_on": plan.planned_on}
    batches = world.dependencies.tracking.query("batches", here)
    return {
        "summary": summarise(world.dependencies.tracking, plan, world.dependencies.analyses),
        "verdict": _books(world, plan),
        "course": course(world, plan, batches),
        "stopped_for": _runs(world, run_id)[0]["stopped_for"],
    }


DUTIES: dict[str, Callable[..., Answer]] = {
    duty.__name__: duty
    for duty in (
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


def _checked(world: Troupe, request: Answer) -> RunRequested:
    try:
        run = read_event(msgspec.json.encode(request), RunRequested)
        world.dependencies.analyses.load(run.analysis)
    except (Unreadable, AnalysisError) as error:
        raise InvalidOperation(str(error)) from error
    return run


def _publish(world: Troupe, request: RunRequested | ReprocessRequested | CancelRequested) -> None:
    id_ = f"cli-{world.dependencies.new_name()}"
    world.publish(wrap_command(request, deployment=world.deployment, id_=id_, time=world.clock()))


def _runs(world: Troupe, run_id: str | None) -> list[Row]:
    return world.dependencies.tracking.query(
        "runs", {"run_id": run_id, "since": first_day(world) - timedelta(days=365)}
    )


def _plans(world: Troupe) -> list[Plan]:
    return [plan_of(world, run["run_id"]) for run in _runs(world, None)]


def _details(world: Troupe, run: Row, jobs: list[Row], since: date) -> Answer:
    tell, plan = world.dependencies.tracking.query, plan_of(world, run["run_id"])
    here = {"run_id": run["run_id"], "planned_on": run["planned_on"], "since": since}
    batches = tell("batches", here)
    return {
        "plan": planned(world, plan),
        "batches": with_reasons(world, plan, batches, jobs),
        "course": course(world, plan, batches),
        "waiting": tell("waiting_events", here),
        "errors": tell("errors_of_run", here),
        "verdict": _books(world, plan),
    }


def _books(world: Troupe, plan: Plan) -> Answer:
    output = table_name(world.dependencies.analyses.load(plan.analysis).table)
    here = {"run_id": plan.run_id, "planned_on": plan.planned_on}
    row = world.dependencies.tracking.query("verify_run", here, output=output)[0]
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


def _jobs(world: Troupe) -> list[Row]:
    """The jobs that Vertex has not ended."""
    now = world.clock()
    mine = {"troupe": world.deployment.id}
    jobs = world.dependencies.job_service.created_since(now - timedelta(days=30), mine)
    return [
        {
            "name": job.labels.get("attempt", job.name),
            "state": job.state.name.lower(),
            "age_seconds": (now - job.created_at).total_seconds(),
        }
        for job in jobs
        if not job.state.ended
    ]
