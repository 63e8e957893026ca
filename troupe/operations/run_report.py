"""The report of one run: its figures, its recounted totals and its safeguards."""

import msgspec

from handlers.summary.run_summary import RunSummary, summarise

from .backend import Backend
from .reconciliation import Reconciliation, reconcile
from .runs import analysis_of, batch_rows, plan_of, run_rows, stop_reasons
from .safeguards import Safeguards, safeguards


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `report`."""

    summary: RunSummary
    reconciliation: Reconciliation
    safeguards: Safeguards | None
    """None for a run without batches."""
    stopped_for: str | None
    """Reasons, joined by commas."""

    @property
    def stop_reasons(self) -> list[str]:
        return stop_reasons(self.stopped_for)


def report(backend: Backend, run_id: str) -> Report:
    """Compute the report of a run, whether it is over or not."""
    plan = plan_of(backend, run_id)
    analysis_of(plan)
    batches = batch_rows(backend, plan)
    return Report(
        summary=summarise(backend.dependencies.tracking, plan),
        reconciliation=reconcile(backend, plan),
        safeguards=safeguards(backend, plan, batches),
        stopped_for=run_rows(backend, run_id)[0].stopped_for,
    )
