"""The report of one run: its figures, its recounted totals and its safeguards."""

import msgspec

from handlers.summary.run_summary import RunSummary, summarise

from .backend import Backend
from .dead_letters import held_up
from .later_rows import later_rows
from .nothing import when_empty
from .outcome import Outcome, outcome_of
from .reconciliation import Reconciliation, reconcile
from .runs import analysis_of, batch_rows, plan_of, run_rows, stop_reasons
from .safeguards import Safeguards, safeguards


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `report`."""

    summary: RunSummary
    outcome: Outcome
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
    run = run_rows(backend, run_id)[0]
    summary = summarise(backend.dependencies.tracking, plan)
    reconciliation = reconcile(backend, plan)
    return Report(
        summary=summary,
        outcome=outcome_of(
            run,
            summary.errors,
            when_empty=when_empty(backend, run, summary.skipped),
            recounted=reconciliation,
            balanced=reconciliation.ok,
            held_up=0 if run.is_over else len(held_up(backend, run_id)),
            later=later_rows(backend, plan, reconciliation.failed + reconciliation.released),
        ),
        reconciliation=reconciliation,
        safeguards=safeguards(backend, plan, batches),
        stopped_for=run.stopped_for,
    )
