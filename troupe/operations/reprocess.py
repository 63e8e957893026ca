"""Ask failed or released records again, in a new run: with its size and price first."""

import msgspec

from analysis import ERRORS, AnalysisError
from events import ReprocessRequested, Unreadable, read_event, wrap_command
from handlers.runs.estimate import estimate
from handlers.runs.plan_params import plan_params
from tracking import Row

from .backend import Answer, Backend, InvalidOperation, new_run_id
from .runs import check_batch, plan_of, was_requested


def reprocess(backend: Backend, request: Answer, dry_run: bool = False) -> Answer:
    """Publish a reprocess-requested; with `dry_run` only show what it would take."""
    dependencies = backend.dependencies
    try:
        asked = read_event(msgspec.json.encode(request), ReprocessRequested)
        analysis = dependencies.analyses.load(asked.analysis)
    except (Unreadable, AnalysisError) as error:
        raise InvalidOperation(str(error)) from error
    _refuse_unknown(backend, asked)
    known = bool(asked.run_id) and was_requested(backend, asked)
    if not known:
        _refuse_stored(backend, asked)
    row = dependencies.tracking.preview_plan(plan_params(asked, "", analysis))
    expected = estimate(row["records"], row["bytes"], asked.model or analysis.model, analysis)
    preview = {
        "records": row["records"],
        "batches": row["batches"],
        "left_out": {name: row[name] for name in _LEFT_OUT if row[name]},
        "input_tokens": expected.input_tokens,
        "output_tokens": expected.output_tokens,
        "cost": (expected.low, expected.high),
    }
    if dry_run or asked.dry_run:
        return preview | {"run_id": None, "known": known}
    if known:
        return preview | {"run_id": asked.run_id, "known": True}
    named = asked if asked.run_id else msgspec.structs.replace(asked, run_id=new_run_id(backend))
    requested = wrap_command(
        named,
        deployment=backend.deployment,
        id_=f"cli-{dependencies.new_name()}",
        time=backend.clock(),
    )
    backend.publish(requested)
    return preview | {"run_id": named.run_id, "known": False}


_LEFT_OUT = ("held", "processed", "changed", "empty_transcript", "request_too_large")


def _refuse_unknown(backend: Backend, asked: ReprocessRequested) -> None:
    """A typing error would select nothing, and make an empty run."""
    if asked.of_run:
        plan = plan_of(backend, asked.of_run)
        for batch in asked.batches:
            check_batch(plan, batch)
    known = [error.name for error in ERRORS.values() if error.scope == "record"]
    for name in asked.error_types:
        if name not in known:
            raise InvalidOperation(
                f"error_types: no record has {name}: choose from {', '.join(known)}"
            )


def _refuse_stored(backend: Backend, asked: ReprocessRequested) -> None:
    """A record with a row in this analysis version is asked again once its history is cleared."""
    stored = [row for record in asked.record_ids for row in _processed(backend, asked, record)]
    if stored:
        runs = sorted({row["run_id"] for row in stored})
        raise InvalidOperation(
            f"{len(stored)} of these records have a row already, {stored[0]['record_id']} first: "
            f"clear the history that stored them, `troupe clear-history --run {runs[0]}`"
        )


def _processed(backend: Backend, asked: ReprocessRequested, record: str) -> list[Row]:
    about = {"record_id": record, "analysis": asked.analysis}
    return backend.dependencies.tracking.query("run_of_stored_row", about)
