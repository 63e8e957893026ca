"""The history of one run as lines, in the order of time; its batches, faults and cost."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from troupe.operations.histories import AttemptClosing, PlanSummary, RunHistory
from troupe.operations.runs import BatchRow

from . import formatting, labels, timeline
from .reconciliation import exits_before
from .summary_text import error_lines
from .text_columns import aligned, exit_lines, folded, line, named
from .timeline import Spending, TimelineEntry

SHOWN = 40
"""Batches and faults of a list; the rest is counted."""
MOST_FAULTS = 200
"""As many as `deliveries_not_done.sql` returns."""


def run_history_lines(history: RunHistory) -> list[str]:
    """Its request and plan, its events, batches, errors, faults and cost."""
    plan = history.plan
    prompt = labels.prompt(plan.analysis, plan.prompt_fingerprint)
    faults = list(timeline.fault_entries(history.faults, with_batch=True))
    return [
        line(f"Run {history.run_id}: {prompt}, {plan.model}, {plan.mode}"),
        line("  request:", _request(plan.request)),
        *_plan(plan),
        *timeline.in_time(_entries(history)),
        *_batches(history),
        *(f"  {each}" for each in error_lines(history.errors)),
        *([named("  faults", _number_of(faults))] if faults else []),
        *folded(timeline.in_time(faults), SHOWN, "fault"),
        *([named("  cost", Spending.of(history.closings))] if history.closings else []),
    ]


def _number_of(faults: list[TimelineEntry]) -> str:
    number = formatting.count(len(faults))
    return f"at least {number}" if len(faults) >= MOST_FAULTS else number


def _request(request: Mapping[str, Any]) -> str:
    """The settings of the request that the first line does not show and that are not empty."""
    in_title = ("run_id", "analysis", "model", "mode")
    given = [
        f"{labels.plain(name)} {_setting(value)}"
        for name, value in request.items()
        if name not in in_title and value not in (None, [], "", False)
    ]
    return ", ".join(given) or formatting.NONE


def _setting(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(str(each) for each in value)
    if isinstance(value, float):
        return f"{value:,g}"
    return formatting.count(value) if isinstance(value, int) else str(value)


def _plan(plan: PlanSummary) -> list[str]:
    """From the rows of the source to the records of the run, with every reason to leave one out."""
    selected = plan.would_records if plan.dry_run else plan.records
    batches = plan.would_batches if plan.dry_run else plan.batches
    into = formatting.plural(batches, "batch", "batches")
    return [
        line(f"  {formatting.plural(plan.source_rows, 'row')} in the source"),
        *exit_lines(exits_before(plan.source_rows, plan.skipped, selected)),
        line(f"  {formatting.plural(selected, 'record')} in {into}"),
    ]


def _entries(history: RunHistory) -> Iterator[TimelineEntry]:
    yield TimelineEntry(history.plan.planned_at, "membership frozen", step=timeline.FROZEN)
    yield from (timeline.event_entry(event) for event in history.events)


def _batches(history: RunHistory) -> list[str]:
    """One line each: its state, its cost, and the command that shows more."""
    batches = history.batches
    if not batches:
        return []
    rows = aligned([_batch(row, history.closings) for row in batches], indent=4)
    table = folded(rows, SHOWN, "batch", "batches")
    hint = f"  `troupe explain {history.run_id}/{batches[0].batch}` shows the history of a batch"
    return [named("  batches", formatting.count(len(batches))), *table, line(hint)]


def _batch(row: BatchRow, closings: Sequence[AttemptClosing]) -> tuple[str, ...]:
    own = [closing for closing in closings if closing.batch == row.batch]
    spending = Spending.of(own)
    cost = formatting.dollars(spending.cost) if own else formatting.NONE
    counts = ", ".join(
        f"{formatting.count(getattr(row, name))} {name}"
        for name in ("analysed", "failed", "released")
    )
    return (
        str(row.batch),
        row.state,
        formatting.plural(row.records, "record"),
        formatting.plural(row.attempt, "attempt"),
        f"{spending.verb} {cost}",
        counts,
    )
