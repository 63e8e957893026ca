"""Analyse failed, released or changed records again, in a new run."""

from typing import Any

import msgspec

from analysis import ERRORS, AnalysisError
from events import ReprocessRequested, Unreadable, read_event
from handlers.runs.attributes import check_source, reading_of
from handlers.runs.estimate import estimate
from handlers.runs.plan_params import plan_params
from handlers.runs.token_rates import Basis, token_rates
from tracking.attributes import UnfitAttribute

from .backend import Backend, InvalidOperation, new_run_id, publish_command
from .counted_tokens import preview_rates
from .empty_request import WHY, Nothing, nothing_pending
from .model_places import refuse_missing_model
from .next_steps import Step
from .runs import check_batch, plan_of, was_requested

LEFT_OUT = ("held", "processed", "changed", "empty_transcript", "request_too_large")
"""Why a reprocessing leaves out a record that it names."""


class ReprocessResult(msgspec.Struct, frozen=True, kw_only=True):
    """The size and cost of a reprocessing, and the run that was requested for it."""

    records: int
    batches: int
    left_out: dict[str, int]
    """Records by reason, a name in `LEFT_OUT`."""
    input_tokens: tuple[int, int]
    output_tokens: tuple[int, int]
    cost: tuple[float | None, float | None]
    """US dollars, from low to high."""
    basis: Basis
    """What the estimate of tokens rests on."""
    run_id: str | None
    """None: previewed only."""
    known: bool
    """The same request was made before; nothing was published."""
    nothing: Nothing | None = None
    """Why no record fits, and what to do instead; None when some do."""


class _Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/records/run_of_stored_row.sql`: the run that stored a record."""

    record_id: str
    run_id: str


def reprocess(
    backend: Backend,
    request: dict[str, Any],
    dry_run: bool = False,
    allow_empty: bool = False,
    command_id: str = "",
) -> ReprocessResult:
    """Publish a reprocess-requested; with `dry_run` only preview it.

    Without an analysis it is that of the run that is named. A request that would select no record
    is not published, unless `allow_empty`. Two calls with one `command_id` are one command.
    """
    dependencies = backend.dependencies
    try:
        command = _read(backend, request)
        analysis = dependencies.analyses.load(command.analysis)
        check_source(analysis, dependencies.tracking)
    except (Unreadable, AnalysisError, UnfitAttribute) as error:
        raise InvalidOperation(str(error)) from error
    _refuse_unknown(backend, command)
    known = bool(command.run_id) and was_requested(backend, command)
    if not known and not command.changed:
        _refuse_stored(backend, command)
    params, tracking = plan_params(command, "", analysis), dependencies.tracking
    reading = reading_of(command, analysis)
    row = tracking.preview_plan(params, reading)
    is_preview = dry_run or command.dry_run
    rates, basis = (
        preview_rates(backend, analysis, params, reading)
        if is_preview
        else token_rates(tracking, backend.clock, analysis, params, reading)
    )
    expected = estimate(row["records"], row["bytes"], params["model"], analysis, rates)
    left_out = {name: row[name] for name in LEFT_OUT if row[name]}
    preview = ReprocessResult(
        records=row["records"],
        batches=row["batches"],
        left_out=left_out,
        input_tokens=expected.input_tokens,
        output_tokens=expected.output_tokens,
        cost=(expected.low, expected.high),
        basis=basis,
        run_id=None,
        known=known,
        nothing=None if row["records"] else _nothing(backend, command, left_out),
    )
    if is_preview or (preview.nothing and not known and not allow_empty):
        return preview
    run_id = command.run_id or new_run_id(backend)
    if not known:
        refuse_missing_model(backend, command)
        publish_command(backend, msgspec.structs.replace(command, run_id=run_id), command_id)
    return msgspec.structs.replace(preview, run_id=run_id)


def _read(backend: Backend, request: dict[str, Any]) -> ReprocessRequested:
    command = read_event(msgspec.json.encode(request), ReprocessRequested)
    plan = backend.dependencies.tracking.plan_of(command.of_run or "")
    if plan is None or "analysis" in request:
        return command
    return msgspec.structs.replace(command, analysis=plan.analysis)


def _nothing(backend: Backend, command: ReprocessRequested, left_out: dict[str, int]) -> Nothing:
    """Explain why no record fits."""
    named = f"run {command.of_run}" if command.of_run else f"analysis {command.analysis}"
    if left_out and (not command.changed or "held" in left_out):
        found = nothing_pending(
            backend, sum(left_out.values()), left_out, analysis=command.analysis
        )
        reasons = ", ".join(
            f"{left_out[name]:,} {WHY[name]}" for name in LEFT_OUT if name in left_out
        )
        why = f"no record of {named} can be sent again: {reasons}"
        steps = [step for step in found.next if not step.command.startswith("troupe load")]
        return msgspec.structs.replace(found, why=why, source_rows=0, next=steps)
    why = f"no record of {named} failed or was released"
    if command.changed:
        why = "no transcript of these records has changed since it was analysed"
    return Nothing(
        why=why + (", as selected" if _narrowed(command) else ""),
        source_rows=0,
        skipped={},
        next=[
            Step(command=f"troupe status {command.of_run}", why="shows how its records ended")
            if command.of_run
            else Step(command="troupe status", why="lists the runs and how their records ended")
        ],
    )


def _narrowed(command: ReprocessRequested) -> bool:
    return bool(command.batches or command.error_types or command.record_ids)


def _refuse_unknown(backend: Backend, command: ReprocessRequested) -> None:
    """Raise `InvalidOperation` for a typo, which would select nothing and make an empty run."""
    if command.of_run:
        plan = plan_of(backend, command.of_run)
        for batch in command.batches:
            check_batch(plan, batch)
    known = [error.name for error in ERRORS.values() if error.scope == "record"]
    for name in command.error_types:
        if name not in known:
            raise InvalidOperation(
                f"error_types: no record has {name}: choose from {', '.join(known)}"
            )


def _refuse_stored(backend: Backend, command: ReprocessRequested) -> None:
    """Raise `InvalidOperation` for records that have a row in this version of the analysis."""
    stored = [row for record in command.record_ids for row in _stored(backend, command, record)]
    if stored:
        runs = sorted({row.run_id for row in stored})
        raise InvalidOperation(
            f"{len(stored)} of these records have a row already, {stored[0].record_id} first: "
            f"clear the history that stored them, `troupe clear-history --run {runs[0]}`, or, for "
            "other transcripts under the same ids, give changed"
        )


def _stored(backend: Backend, command: ReprocessRequested, record: str) -> list[_Stored]:
    params = {"record_id": record, "analysis": command.analysis}
    return backend.dependencies.tracking.rows("run_of_stored_row", _Stored, params)
