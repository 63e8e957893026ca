"""The history of one record as lines, in the order of time."""

from collections.abc import Iterator, Sequence

from analysis.attributes import MISSING
from analysis.models import is_simulated
from troupe.operations.histories import (
    NewestSelection,
    RecordError,
    RecordHistory,
    RecordPlan,
    RequestLine,
    Source,
    StoredRow,
)
from troupe.report import formatting, labels, timeline
from troupe.report.timeline import TimelineEntry

from .columns import line


def record_lines(history: RecordHistory) -> list[str]:
    """Source, plans, attempts, errors and rows, and how the record stands now."""
    entries = [
        *(each for plan in history.plans for each in _plan(history, plan)),
        *(_error(error) for error in history.errors),
        *_rows(history.rows),
    ]
    return [
        line("Record", history.record_id),
        _source(history.source),
        *timeline.in_time(entries),
        *_wasted(history.errors),
        line(" ", _state(history)),
    ]


def _error(error: RecordError) -> TimelineEntry:
    text = timeline.of_attempt(error.attempt) + timeline.error_text(error)
    return TimelineEntry(error.created_at, text, error.attempt or 0, timeline.READ)


def _source(source: Source) -> str:
    rows = source.rows_in_source
    if not rows:
        return "  The source does not hold it."
    size = f"{formatting.count(source.characters)} characters of transcript"
    copies = f" {formatting.count(rows)} rows hold it; one is selected." if rows > 1 else ""
    return f"  The source holds it: {size}.{copies}"


def _plan(history: RecordHistory, plan: RecordPlan) -> Iterator[TimelineEntry]:
    size = formatting.megabytes(plan.line_bytes)
    where = f"planned into batch {plan.batch} of {plan.batches} of run {plan.run_id}"
    yield TimelineEntry(plan.planned_at, f"{where} for {plan.analysis}, a request of {size}")
    if plan.attributes:
        shown = ", ".join(f"{name} {_shown(value)}" for name, value in plan.attributes.items())
        yield TimelineEntry(plan.planned_at, f"call attributes: {shown}", step=1)
    why = timeline.why_in_batch(plan.batch, plan.members, plan.limits, plan.mode)
    yield TimelineEntry(plan.planned_at, f"why there: {why}", step=1)
    yield from _attempts(plan, _last_attempt(history, plan))


def _shown(value: object) -> str:
    return (
        MISSING
        if value is None
        else str(value).lower()
        if value is True or value is False
        else str(value)
    )


def _attempts(plan: RecordPlan, last: int | None) -> Iterator[TimelineEntry]:
    """Attempts after the one that settled the record concern other records only."""
    lines = {row.attempt: row for row in plan.lines}
    outputs = {row.attempt: ", ".join(row.outputs) for row in plan.closings}
    for event in plan.events:
        attempt = event.attempt or 0
        if last is not None and attempt > last:
            continue
        if event.topic == "jsonl-uploaded":
            yield timeline.event_entry(event, _line(lines.get(attempt)))
        elif event.topic == "results-processed":
            files = outputs.get(attempt)
            yield timeline.event_entry(event, f"from {files}" if files else "")
        else:
            yield timeline.event_entry(event)
    faults = (row for row in plan.faults if last is None or (row.attempt or 0) <= last)
    yield from timeline.fault_entries(faults, with_batch=True)


def _line(found: RequestLine | None) -> str:
    if found is None or found.line is None:
        return ""
    return f"line {formatting.count(found.line)} of {formatting.count(found.lines)}"


def _last_attempt(history: RecordHistory, plan: RecordPlan) -> int | None:
    """The first attempt of this batch that stored a row, or met an error that is final."""
    final: list[StoredRow | RecordError] = [*history.rows]
    final += [error for error in history.errors if not error.retryable]
    here = [
        each.attempt or 0
        for each in final
        if (each.run_id, each.batch) == (plan.run_id, plan.batch)
    ]
    return min(here) if here else None


def _rows(rows: Sequence[StoredRow]) -> Iterator[TimelineEntry]:
    for row in rows:
        how = f"{labels.method(row.parse_method)} ({labels.grade(row.repair_grade)})"
        how += _changes(row)
        tokens = (
            f"{formatting.count(row.prompt_tokens)} input and"
            f" {formatting.count(row.output_tokens)} output tokens"
        )
        text = (
            f"{timeline.of_attempt(row.attempt)}stored as a row of run {row.run_id} in {row.table}:"
            f" {how}; {labels.prompt(row.analysis, row.prompt_fingerprint)},"
            f" reader {row.reader_fingerprint}; {row.model}, {tokens},"
            f" {_cost(row)}"
        )
        yield TimelineEntry(row.analysed_at, text, row.attempt, timeline.READ)


def _cost(row: StoredRow) -> str:
    simulated = is_simulated(row.model)
    cost = "would have cost" if simulated else "cost"
    return f"{cost} {formatting.dollars(row.cost)}{' (simulated)' if simulated else ''}"


def _changes(row: StoredRow) -> str:
    """Which columns hold an equivalent of what the model wrote, and which are null instead."""
    parts = [("normalised", row.normalised_fields), ("left null", row.nulled_fields)]
    return "".join(f", {how}: {', '.join(columns)}" for how, columns in parts if columns)


def _wasted(errors: Sequence[RecordError]) -> list[str]:
    """Answers that gave no row have a price too, but only their batch knows it."""
    wasted = sum(1 for error in errors if error.line)
    if not wasted:
        return []
    answers = formatting.plural(wasted, "answer")
    return [f"  {answers} gave no row; their cost is in the waste of the batch."]


def _state(history: RecordHistory) -> str:
    """How the record stands now, and what to do."""
    if history.rows:
        return f"It is analysed: {formatting.plural(len(history.rows), 'row')} stored."
    plans = history.plans
    final = [error for error in history.errors if not error.retryable]
    if final and (not plans or plans[-1].planned_at <= final[-1].created_at):
        return _ended(final[-1])
    if plans:
        run = plans[-1].run_id
        return f"It is open in run {run}: `troupe status {run}` shows what that waits for."
    if history.source.rows_in_source:
        return f"No run has selected it yet{_newest(history.left_out)}."
    return (
        "It is unknown: neither the source nor any run holds it."
        " A record id has 32 hexadecimal digits."
    )


def _newest(found: NewestSelection | None) -> str:
    """Why the newest run has not selected it."""
    if found is None:
        return "; the next run whose filters admit it does"
    if found.selection in (None, "pending"):
        late = "it came after the plan, or is beyond the limit"
        return f". Run {found.run_id}, the newest, would admit it: {late}; the next run selects it"
    return f". Run {found.run_id}, the newest, leaves it out: {labels.skipped(found.selection)}"


def _ended(error: RecordError) -> str:
    if error.replan:
        return f"It was left to the next plan ({error.error_type})."
    return (
        f"It failed for good ({error.error_type}); runs leave it out until a reprocessing names it."
    )
