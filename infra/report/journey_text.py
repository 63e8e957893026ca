"""What happened to one record, in the order of time."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from . import figures, words
from .account import Facts, fate, number, part, rows
from .columns import aligned, line

NEVER = datetime.max.replace(tzinfo=UTC)

TOLD = {
    "batch-planned": "an attempt at its batch began",
    "jsonl-uploaded": "its request was written",
    "job-submitted": "its job was submitted",
    "job-succeeded": "its job succeeded",
    "job-failed": "its job failed",
    "job-cancelled": "its job was cancelled",
    "results-processed": "the answers of the attempt were read and stored",
    "batch-completed": "its batch is complete",
    "batch-abandoned": "its batch was abandoned; what was released belongs to the next run",
}


def journey_lines(journey: Mapping[str, Any]) -> list[str]:
    """Plans carry the `facts` of their batch, or stand beside them in the same order."""
    plans, errors, stored = (rows(journey, name) for name in ("plans", "errors", "rows"))
    told = sorted(
        [*_plans(journey, plans), *_errors(errors), *_rows(stored)],
        key=lambda each: figures.when(each[0]) or NEVER,
    )
    return [
        line("Record", journey.get("record_id")),
        *_source(part(journey, "source")),
        *aligned([(figures.moment(at), what) for at, what in told], indent=2),
        line(" ", _end(journey, plans, errors, stored)),
    ]


def _source(source: Facts) -> list[str]:
    held = number(source, "rows_in_source")
    if not held:
        return ["  The source does not hold it."]
    size = f"{figures.count(number(source, 'characters'))} characters of transcript"
    copies = f" {figures.count(held)} rows hold it; one is taken." if held > 1 else ""
    return [f"  The source holds it: {size}.{copies}"]


Told = tuple[Any, str]
"""When, and what."""


def _plans(journey: Facts, plans: Sequence[Facts]) -> Iterator[Told]:
    apart = list(journey.get("facts") or ())
    for at, plan in enumerate(plans):
        facts: list[Facts] = rows(plan, "facts") or (apart[at] if at < len(apart) else [])
        size = figures.megabytes(plan.get("line_bytes"))
        place = f"planned into batch {plan.get('batch')} of run {plan.get('run_id')}"
        yield plan.get("planned_at"), f"{place} for {plan.get('analysis')}, a request of {size}"
        last = _last_attempt(journey, plan)
        for fact in facts:
            if last is None or number(fact, "attempt") <= last:
                yield fact.get("recorded_at"), _fact(fact)


def _last_attempt(journey: Facts, plan: Facts) -> int | None:
    """Attempts after the one that settled the record are not about it."""
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


def _fact(fact: Facts) -> str:
    topic, attempt = str(fact.get("topic")), fact.get("attempt")
    data = _data(fact.get("data"))
    more = [
        f"{name} {data[key]}"
        for name, key in (("job", "job"), ("file", "uri"), ("cause", "cause"))
        if data.get(key)
    ]
    what = TOLD.get(topic, topic)
    where = f"attempt {attempt}: " if attempt else ""
    return where + what + (f" ({', '.join(more)})" if more else "")


def _data(text: Any) -> Mapping[str, Any]:
    if isinstance(text, Mapping):
        return text
    try:
        found = json.loads(text or "{}")
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, Mapping) else {}


def _errors(errors: Sequence[Facts]) -> Iterator[Told]:
    for error in errors:
        name = str(error.get("error_type"))
        because = f" after {error['cause']}" if error.get("cause") else ""
        detail = f" ({error['detail']})" if error.get("detail") else ""
        hint = words.hint(name, error.get("hint"))
        yield (
            error.get("created_at"),
            f"{_place(error)}error {name}{because}{detail}, {fate(error)}: {hint}",
        )


def _place(row: Facts) -> str:
    return f"attempt {row['attempt']}: " if row.get("attempt") else ""


def _rows(stored: Sequence[Facts]) -> Iterator[Told]:
    for row in stored:
        how = f"{words.method(row.get('parse_method'))} ({words.grade(row.get('repair_grade'))})"
        tokens = (
            f"{figures.count(number(row, 'prompt_tokens'))} input and"
            f" {figures.count(number(row, 'output_tokens'))} output tokens"
        )
        cost = f"cost {figures.dollars(row.get('cost'))}"
        stored_as = f"{_place(row)}stored as a row of run {row.get('run_id')}: {how}"
        yield row.get("analysed_at"), f"{stored_as}; {row.get('model')}, {tokens}, {cost}"


def _end(
    journey: Facts, plans: Sequence[Facts], errors: Sequence[Facts], stored: Sequence[Facts]
) -> str:
    """How it stands now, and what to do."""
    if stored:
        return f"It is analysed: {figures.plural(len(stored), 'row')} stored."
    ends = [error for error in errors if not error.get("retryable")]
    newest = figures.when(plans[-1].get("planned_at")) if plans else None
    if ends and (newest is None or newest <= (figures.when(ends[-1].get("created_at")) or NEVER)):
        return _ended(ends[-1])
    if plans:
        run = plans[-1].get("run_id")
        return f"It is open in run {run}: `troupe status` says what that waits for."
    if number(part(journey, "source"), "rows_in_source"):
        return "No run has taken it yet; the next run whose filters admit it does."
    return (
        "It is unknown: neither the source nor any run holds it."
        " A record id has 32 hexadecimal digits."
    )


def _ended(error: Facts) -> str:
    name = str(error.get("error_type"))
    if error.get("replan"):
        return f"It was left to the next plan ({name})."
    return f"It failed for good ({name}); runs leave it out until a reprocessing names it."
