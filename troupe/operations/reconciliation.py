"""Recount the totals of a run and check that they balance."""

import msgspec

from handlers.summary.run_summary import Endings, ErrorCount, RecountedTotals
from tracking import Plan
from tracking.statements import table_name

from .backend import Backend
from .later_rows import later_rows
from .outcome import Outcome, outcome_of
from .runs import RunStatus, analysis_of, plan_of, run_rows


class Reconciliation(Endings, frozen=True, kw_only=True):
    """The recounted totals of one run, or of all runs.

    They balance (`ok`) when planned = analysed + failed + released + open + cleared, and every
    count of a fault is zero.
    """

    run_id: str | None
    """None: the sum of `runs`."""
    planned: int
    skipped: int
    lost: int
    """Records in no batch, stored by half, or open in a completed run."""
    missing_members: int
    half_stored: int
    doubled: int
    paid_twice: int
    two_bodies: int
    """Events that were recorded with two different bodies."""
    closed_twice: int
    completed: bool
    ok: bool
    outcome: Outcome | None = None
    """How the run stands; None for a sum."""
    runs: list["Reconciliation"] = msgspec.field(default_factory=list)


def verify(backend: Backend, run_id: str | None = None) -> Reconciliation:
    """Recount the totals of one run, or of all of them with their sum."""
    if run_id:
        plan_of(backend, run_id)
    runs = [_judged(backend, run) for run in run_rows(backend, run_id)]
    total = runs[0] if len(runs) == 1 else _sum(runs)
    (row,) = backend.dependencies.tracking.query("processed_twice", {})
    twice = row["doubled"]
    return msgspec.structs.replace(total, doubled=total.doubled + twice, ok=total.ok and not twice)


def reconcile(backend: Backend, plan: Plan) -> Reconciliation:
    """Recount the totals of one run from memberships, rows and errors."""
    output = table_name(analysis_of(plan).table)
    row = backend.dependencies.tracking.row("verify_run", RecountedTotals, plan.key, output=output)
    lost = row.missing_members + row.half_stored + (row.open if row.completed else 0)
    faults = lost + row.doubled + row.paid_twice + row.two_bodies + row.closed_twice
    return Reconciliation(
        **msgspec.structs.asdict(row), lost=lost, ok=not faults and row.total == row.planned
    )


def errors_of(backend: Backend, run_id: str) -> list[ErrorCount]:
    """The errors of a run by type and cause."""
    return backend.dependencies.tracking.rows("errors_of_run", ErrorCount, {"run_id": run_id})


def _judged(backend: Backend, run: RunStatus) -> Reconciliation:
    plan = plan_of(backend, run.run_id)
    totals = reconcile(backend, plan)
    without_row = totals.failed + totals.released
    errors = errors_of(backend, run.run_id) if without_row else []
    outcome = outcome_of(
        run,
        errors,
        recounted=totals,
        balanced=totals.ok,
        later=later_rows(backend, plan, without_row),
    )
    return msgspec.structs.replace(totals, outcome=outcome)


_COUNTS = (
    "planned", "analysed", "failed", "released", "open", "cleared", "skipped", "lost",
    "missing_members", "half_stored", "doubled", "paid_twice", "two_bodies", "closed_twice",
)  # fmt: skip


def _sum(runs: list[Reconciliation]) -> Reconciliation:
    return Reconciliation(
        run_id=None,
        completed=all(run.completed for run in runs),
        ok=all(run.ok for run in runs),
        runs=runs,
        **{name: sum(getattr(run, name) for run in runs) for name in _COUNTS},
    )
