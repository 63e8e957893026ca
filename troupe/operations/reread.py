"""Read the stored answers of a completed run again, by the rules of the installed analysis."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from analysis import Analysis, Reader
from events import RereadRequested, Unreadable, read_event
from handlers.attempts.job_states import results_in
from handlers.plan_reread import CannotReread, reread_params, rereadable
from tracking import Plan

from .backend import Backend, InvalidOperation, new_run_id, publish_command
from .empty_request import Nothing, nothing_pending
from .next_steps import Step
from .runs import was_requested


class RereadResult(msgspec.Struct, frozen=True, kw_only=True):
    """What reading again would bring, and the run that was requested for it."""

    of_run: str
    records: int
    """Records of the run without a row, which no open run holds."""
    held: int
    """Records without a row that an open run holds: they are left out."""
    new_rows: int | None
    """How many of them would become rows now; None: not counted."""
    refused: dict[str, int]
    """How many would not, by type of error; `output_gone` for those without a stored answer."""
    run_id: str | None
    """None: previewed only."""
    known: bool
    """The same request was made before; nothing was published."""
    nothing: Nothing | None = None
    """Why no record fits, and what to do instead; None when some do."""


class _Selected(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/runs/preview_reread.sql`."""

    record_id: str
    batch: int
    selection: str


def reread(
    backend: Backend,
    of_run: str,
    run_id: str = "",
    dry_run: bool = False,
    allow_empty: bool = False,
    command_id: str = "",
) -> RereadResult:
    """Publish a reread-requested; with `dry_run` read the answers and count what would be rows.

    A request that would select no record is not published, unless `allow_empty`. Two calls with
    one `command_id` are one command.
    Raises `InvalidOperation` for a run whose answers cannot be read again.
    """
    dependencies = backend.dependencies
    try:
        command = read_event(
            msgspec.json.encode({"of_run": of_run, "run_id": run_id}), RereadRequested
        )
        plan, analysis = rereadable(
            command.of_run, dependencies.tracking, dependencies.analyses, backend.clock().date()
        )
    except Unreadable as error:
        raise InvalidOperation(str(error)) from error
    except CannotReread as refusal:
        raise InvalidOperation(refusal.detail) from refusal
    known = bool(command.run_id) and was_requested(backend, command)
    selected = dependencies.tracking.rows("preview_reread", _Selected, reread_params(plan))
    records = {each.record_id for each in selected if each.selection == "pending"}
    held = sum(each.selection == "held" for each in selected)
    preview = RereadResult(
        of_run=plan.run_id,
        records=len(records),
        held=held,
        new_rows=None,
        refused={},
        run_id=None,
        known=known,
        nothing=None if records else _nothing(backend, plan, held),
    )
    if preview.nothing and not known and not allow_empty:
        return msgspec.structs.replace(preview, new_rows=0) if dry_run else preview
    if dry_run:
        return _counted(preview, backend, plan, analysis, records)
    new_id = command.run_id or new_run_id(backend)
    if not known:
        publish_command(backend, msgspec.structs.replace(command, run_id=new_id), command_id)
    return msgspec.structs.replace(preview, run_id=new_id)


def _nothing(backend: Backend, plan: Plan, held: int) -> Nothing:
    """Explain why no record fits."""
    if held:
        found = nothing_pending(backend, held, {"held": held}, analysis=plan.analysis)
        why = f"the records of run {plan.run_id} without a row are held by an open run ({held:,})"
        return msgspec.structs.replace(found, why=why, source_rows=0, next=found.next[:1])
    step = Step(command=f"troupe report {plan.run_id}", why="shows how its answers were read")
    return Nothing(
        why=f"every record of run {plan.run_id} has a row", source_rows=0, skipped={}, next=[step]
    )


def _counted(
    preview: RereadResult, backend: Backend, plan: Plan, analysis: Analysis, records: set[str]
) -> RereadResult:
    """Read every stored answer to these records; a good one counts, else the newest error."""
    errors: dict[str, str | None] = dict.fromkeys(records, "output_gone")
    for record_id, error in _readings(backend, analysis, _outputs(backend, plan)):
        if record_id in errors and errors[record_id] is not None:
            errors[record_id] = error
    refused = Counter(error for error in errors.values() if error is not None)
    return msgspec.structs.replace(
        preview, new_rows=sum(error is None for error in errors.values()), refused=dict(refused)
    )


def _outputs(backend: Backend, plan: Plan) -> list[str]:
    here = {**plan.key, "batch": None}
    closings = backend.dependencies.tracking.query("closings_of_run", here)
    return list(dict.fromkeys(f for row in closings for f in json.loads(row["outputs"])))


def _readings(
    backend: Backend, analysis: Analysis, folders: Iterable[str]
) -> Iterator[tuple[str, str | None]]:
    """Yield record and error of each stored answer that names its record."""
    reader, bucket = Reader(analysis), backend.dependencies.bucket
    for folder in folders:
        for blob in results_in(bucket.list(folder), must_be_whole=False):
            for reading in reader.read(bucket.read(blob)):
                if reading.record_id is not None:
                    yield reading.record_id, reading.error_type
