"""The report of one run: its figures, its recounted totals and its safeguards."""

from collections.abc import Collection

import msgspec

from handlers.summary.column_counts import ColumnCounts, HiddenColumn
from handlers.summary.run_summary import RunSummary, summarise
from troupe.quality.accuracy import GoldenAccuracy

from .backend import Backend
from .dead_letters import held_up, list_dead_letters
from .empty_request import when_empty
from .later_rows import later_rows
from .outcome import Outcome, outcome_of
from .quality.golden_accuracy import golden_accuracy
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
    accuracy: list[GoldenAccuracy] = []
    """By each golden set that has labels of records of the run."""

    @property
    def stop_reasons(self) -> list[str]:
        return stop_reasons(self.stopped_for)


def report(backend: Backend, run_id: str, *, texts: bool = True) -> Report:
    """Compute the report of a run, whether it is over or not.

    Without `texts` it leaves out the charts of free text, which `shown` of analysis.json names, and
    what the model wrote where it was no value of its column.
    """
    plan = plan_of(backend, run_id)
    analysis = analysis_of(plan)
    batches = batch_rows(backend, plan)
    run = run_rows(backend, run_id)[0]
    summary = summarise(backend.dependencies.tracking, plan)
    if not texts:
        free = {name.partition(".")[0] for name in analysis.shown} - {*analysis.closed_columns}
        counts = _without(summary.column_counts, free)
        fields = [
            msgspec.structs.replace(each, examples=[], equivalents=None)
            for each in summary.changed_fields
        ]
        summary = msgspec.structs.replace(summary, column_counts=counts, changed_fields=fields)
    reconciliation = reconcile(backend, plan)
    return Report(
        summary=summary,
        outcome=outcome_of(
            run,
            summary.errors,
            when_empty=when_empty(backend, run, summary.skipped),
            recounted=reconciliation,
            balanced=reconciliation.ok,
            held_up=0 if run.is_over else len(held_up(list_dead_letters(backend).letters, run_id)),
            later=later_rows(backend, plan, reconciliation.failed + reconciliation.released),
        ),
        reconciliation=reconciliation,
        safeguards=safeguards(backend, plan, batches),
        stopped_for=run.stopped_for,
        accuracy=golden_accuracy(backend, plan),
    )


def _without(counts: ColumnCounts, columns: Collection[str]) -> ColumnCounts:
    """Leave out the charts of columns of free text, and name them."""
    hidden = [
        HiddenColumn(column=each.column, why="free text")
        for each in counts.charts
        if each.column in columns
    ]
    return ColumnCounts(
        charts=[each for each in counts.charts if each.column not in columns],
        flows=counts.flows,
        left_out=[*counts.left_out, *hidden],
    )
