"""Records of a run without a row that have one by now: a later run analysed them again."""

import msgspec

from tracking import Plan
from tracking.statements import table_name

from .backend import Backend, InvalidOperation
from .runs import RunStatus, analysis_of


class LaterRows(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/runs/later_rows.sql`."""

    ending: str
    """failed or released: how the records ended in the run."""
    error_type: str | None
    cause: str | None
    run_id: str
    """The run that stored their rows."""
    records: int


def later_rows(backend: Backend, plan: Plan, without_row: int) -> list[LaterRows]:
    """Count them by error and later run; without a query where every record has its row."""
    if not without_row:
        return []
    here = {**plan.key, "analysis": plan.analysis}
    output = table_name(analysis_of(plan).table)
    return backend.dependencies.tracking.rows("later_rows", LaterRows, here, output=output)


def newest_failed(backend: Backend, runs: list[RunStatus]) -> str | None:
    """The newest of these runs of which a failed record still has no row."""
    for run in reversed(runs):
        plan = backend.dependencies.tracking.plan_of(run.run_id) if run.failed else None
        if plan is not None and run.failed > _failed_with_row(backend, plan, run.failed):
            return run.run_id
    return None


def _failed_with_row(backend: Backend, plan: Plan, failed: int) -> int:
    """None known of a run that this version cannot read."""
    try:
        found = later_rows(backend, plan, failed)
    except InvalidOperation:
        return 0
    return sum(each.records for each in found if each.ending == "failed")
