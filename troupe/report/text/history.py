"""The history of a run, a batch or a record as lines, in the order of time."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from troupe.operations.histories import (
    AttemptClosing,
    BatchErrorCount,
    BatchHistory,
    PlanSummary,
    RecordHistory,
    RunHistory,
)
from troupe.operations.runs import BatchRow
from troupe.report import formatting, labels, timeline
from troupe.report.reconciliation import ENDINGS, RARE, exits_before
from troupe.report.timeline import Spending, TimelineEntry

from .columns import aligned, exit_lines, folded, line, named
from .record import record_lines
from .summary import error_lines

SHOWN = 40
"""Batches and faults of a list; the rest is counted."""
MOST_FAULTS = 200
"""As many as `deliveries_not_done.sql` returns."""
ERRORS_SHOWN = 20


def history_lines(history: RecordHistory | BatchHistory | RunHistory) -> list[str]:
    """The result of `explain` as lines."""
    if isinstance(history, RunHistory):
        return _run_lines(history)
    return _batch_lines(history) if isinstance(history, BatchHistory) else record_lines(history)


def _run_lines(history: RunHistory) -> list[str]:
    """Its request and plan, its events, batches, errors, faults and cost."""
    plan = history.plan
    prompt = labels.prompt(plan.analysis, plan.prompt_fingerprint)
    faults = list(timeline.fault_entries(history.faults, with_batch=True))
    return [
        line(f"Run {history.run_id}: {prompt}, {plan.model}, {plan.mode}"),
        line("  request:", _request(plan.request)),
        *_plan(plan),
        *timeline.in_time(_run_entries(history)),
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


def _run_entries(history: RunHistory) -> Iterator[TimelineEntry]:
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
    return (
        str(row.batch),
        row.state,
        formatting.plural(row.records, "record"),
        formatting.plural(row.attempt, "attempt"),
        f"{spending.verb} {cost}",
        formatting.counts(row, "analysed", "failed", "released"),
    )


def _batch_lines(history: BatchHistory) -> list[str]:
    """Its plan and why it was cut so, its attempts, errors and cost, and how it stands."""
    plan, members = history.plan, history.members
    size = formatting.megabytes(members.bytes)
    records = formatting.plural(members.records, "record")
    why = timeline.why_in_batch(history.batch, members, plan.limits, plan.mode)
    return [
        line(f"Batch {history.batch} of {plan.batches}, run {history.run_id}:"
             f" {plan.analysis}, {plan.model}, {plan.mode}"),
        line(f"  {records} in requests of {size}: {why}."),
        line(f"  From {members.first_record} to {members.last_record}."),
        *timeline.in_time(_batch_entries(history)),
        *_errors(history.errors),
        *([named("  cost", Spending.of(history.closings))] if history.closings else []),
        line(" ", _state(history)),
    ]  # fmt: skip


def _batch_entries(history: BatchHistory) -> Iterator[TimelineEntry]:
    yield TimelineEntry(history.plan.planned_at, "planned")
    for claim in history.claims:
        what = "may create a job" if claim.state == "create" else "void: no job"
        text = f"{timeline.of_attempt(claim.attempt)}claim {claim.claim}, {what}"
        yield TimelineEntry(claim.claimed_at, text, claim.attempt, timeline.CLAIMED)
    for event in history.events:
        if event.topic != "results-processed":
            yield timeline.event_entry(event)
    yield from (timeline.closing_entry(closing) for closing in history.closings)
    yield from timeline.fault_entries(history.faults, with_batch=False)


def _errors(errors: Sequence[BatchErrorCount]) -> list[str]:
    if not errors:
        return [named("  errors", formatting.NONE)]
    lines = [
        line(f"    {timeline.of_attempt(error.attempt)}{_records(error)},",
             timeline.error_text(error))
        for error in errors[:ERRORS_SHOWN]
    ]  # fmt: skip
    more = len(errors) - ERRORS_SHOWN
    rest = [f"    and {formatting.plural(more, 'further kind')}"] if more > 0 else []
    total = sum(error.errors for error in errors)
    return [named("  errors", formatting.count(total)), *lines, *rest]


def _records(error: BatchErrorCount) -> str:
    """Some errors belong to no record: to a line without its key, or to the system."""
    return formatting.plural(error.records, "record") if error.records else "no record"


def _state(history: BatchHistory) -> str:
    """By the newest closing, which counts the endings of the whole batch."""
    topics = {event.topic for event in history.events}
    if not topics:
        return "It has not begun: it waits for the window; `troupe status` shows for what."
    if not history.closings:
        return "Its first attempt is under way: `troupe status` shows what it waits for."
    newest = history.closings[-1]
    sides = " + ".join(
        f"{formatting.count(getattr(newest, name))} {name}" for name in ENDINGS if name not in RARE
    )
    total = formatting.plural(history.members.records, "record")
    is_over = topics & {"batch-completed", "batch-abandoned"}
    return f"It is {'over' if is_over else 'not over'}: {total} = {sides}."
