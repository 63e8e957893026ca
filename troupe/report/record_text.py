"""What happened to one record, in the order of time."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from . import formatting, labels, timeline
from .reconciliation import Fields, number, part, rows
from .text_columns import line
from .timeline import NEVER, Told


def journey_lines(journey: Mapping[str, Any]) -> list[str]:
    """Each plan carries what was told of its batch."""
    plans, errors, stored = (rows(journey, name) for name in ("plans", "errors", "rows"))
    told = [
        *(each for plan in plans for each in _plan(journey, plan)),
        *(_error(row) for row in errors),
        *_rows(stored),
    ]
    return [
        line("Record", journey.get("record_id")),
        *_source(part(journey, "source")),
        *timeline.in_time(told),
        *_wasted(errors),
        line(" ", _end(journey, plans, errors, stored)),
    ]


def _error(row: Fields) -> Told:
    said = timeline.of_attempt(row) + timeline.error(row)
    return Told(row.get("created_at"), said, number(row, "attempt"), timeline.MET)


def _source(source: Fields) -> list[str]:
    held = number(source, "rows_in_source")
    if not held:
        return ["  The source does not hold it."]
    size = f"{formatting.count(number(source, 'characters'))} characters of transcript"
    copies = f" {formatting.count(held)} rows hold it; one is taken." if held > 1 else ""
    return [f"  The source holds it: {size}.{copies}"]


def _plan(journey: Fields, plan: Fields) -> Iterator[Told]:
    size = formatting.megabytes(plan.get("line_bytes"))
    many = f" of {plan['batches']}" if plan.get("batches") else ""
    place = f"planned into batch {plan.get('batch')}{many} of run {plan.get('run_id')}"
    yield Told(plan.get("planned_at"), f"{place} for {plan.get('analysis')}, a request of {size}")
    if part(plan, "members"):
        why = timeline.why_here(
            number(plan, "batch"), plan["members"], part(plan, "limits"), str(plan.get("mode"))
        )
        yield Told(plan.get("planned_at"), f"why there: {why}", step=1)
    yield from _attempts(plan, _last_attempt(journey, plan))


def _attempts(plan: Fields, last: int | None) -> Iterator[Told]:
    """Attempts after the one that settled the record are not about it."""
    lines = {row.get("attempt"): row for row in rows(plan, "lines")}
    closings = {row.get("attempt"): row for row in rows(plan, "closings")}
    for row in rows(plan, "events"):
        attempt = row.get("attempt")
        if last is not None and number(row, "attempt") > last:
            continue
        if row.get("topic") == "jsonl-uploaded":
            yield timeline.event(row, _line(lines.get(attempt, {})))
        elif row.get("topic") == "results-processed":
            outputs = ", ".join(timeline.listed(closings.get(attempt, {}).get("outputs")))
            yield timeline.event(row, f"from {outputs}" if outputs else "")
        else:
            yield timeline.event(row)
    yield from timeline.faults(
        row for row in rows(plan, "faults") if last is None or number(row, "attempt") <= last
    )


def _line(found: Fields) -> str:
    if found.get("line") is None:
        return ""
    return f"line {formatting.count(found['line'])} of {formatting.count(found.get('lines'))}"


def _last_attempt(journey: Fields, plan: Fields) -> int | None:
    ends = [
        *rows(journey, "rows"),
        *(e for e in rows(journey, "errors") if not e.get("retryable")),
    ]
    here = [
        number(end, "attempt")
        for end in ends
        if end.get("run_id") == plan.get("run_id") and end.get("batch") == plan.get("batch")
    ]
    return min(here) if here else None


def _rows(stored: Sequence[Fields]) -> Iterator[Told]:
    for row in stored:
        how = f"{labels.method(row.get('parse_method'))} ({labels.grade(row.get('repair_grade'))})"
        tokens = (
            f"{formatting.count(row.get('prompt_tokens'))} input and"
            f" {formatting.count(row.get('output_tokens'))} output tokens"
        )
        cost = f"cost {formatting.dollars(row.get('cost'))}"
        table = f" in {row['table']}" if row.get("table") else ""
        stored_as = f"{timeline.of_attempt(row)}stored as a row of run {row.get('run_id')}{table}"
        said = f"{stored_as}: {how}; {row.get('model')}, {tokens}, {cost}"
        yield Told(row.get("analysed_at"), said, number(row, "attempt"), timeline.MET)


def _wasted(errors: Sequence[Fields]) -> list[str]:
    """Answers that brought no row have a price too, which only their batch knows."""
    wasted = sum(1 for error in errors if error.get("line"))
    if not wasted:
        return []
    many = formatting.plural(wasted, "answer")
    return [f"  {many} brought no row; what that cost is in the waste of the batch."]


def _end(
    journey: Fields, plans: Sequence[Fields], errors: Sequence[Fields], stored: Sequence[Fields]
) -> str:
    """How it stands now, and what to do."""
    if stored:
        return f"It is analysed: {formatting.plural(len(stored), 'row')} stored."
    ends = [error for error in errors if not error.get("retryable")]
    newest = formatting.when(plans[-1].get("planned_at")) if plans else None
    if ends and (
        newest is None or newest <= (formatting.when(ends[-1].get("created_at")) or NEVER)
    ):
        return _ended(ends[-1])
    if plans:
        run = plans[-1].get("run_id")
        return f"It is open in run {run}: `troupe status` says what that waits for."
    if number(part(journey, "source"), "rows_in_source"):
        return f"No run has taken it yet{_left_out(part(journey, 'left_out'))}."
    return (
        "It is unknown: neither the source nor any run holds it."
        " A record id has 32 hexadecimal digits."
    )


def _left_out(found: Fields) -> str:
    """Why the newest run has not taken it."""
    if not found:
        return "; the next run whose filters admit it does"
    run, selection = found.get("run_id"), found.get("selection")
    if selection in (None, "pending"):
        late = "it came after the plan, or stands beyond the limit"
        return f". Run {run}, the newest, would admit it: {late}; the next run takes it"
    return f". Run {run}, the newest, leaves it out: {labels.skipped(str(selection))}"


def _ended(error: Fields) -> str:
    name = str(error.get("error_type"))
    if error.get("replan"):
        return f"It was left to the next plan ({name})."
    return f"It failed for good ({name}); runs leave it out until a reprocessing names it."
