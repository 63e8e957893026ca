"""What the journeys of records, batches and runs have in common: lines with a time."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from . import formatting, labels
from .reconciliation import Fields, fate, number
from .text_columns import aligned

NEVER = datetime.max.replace(tzinfo=UTC)


class Told(NamedTuple):
    """When, and what; of one moment, attempts and their steps stand in their order."""

    at: Any
    what: str
    attempt: int = 0
    step: int = 0


HAPPENED = {
    "run-requested": "requested",
    "reprocess-requested": "reprocessing requested",
    "run-refused": "refused",
    "run-planned": "planned",
    "cancel-requested": "asked to stop",
    "run-stopped": "stopped",
    "batch-planned": "asked to begin",
    "jsonl-uploaded": "request file written",
    "job-submitted": "job submitted",
    "job-succeeded": "job succeeded",
    "job-failed": "job failed",
    "job-cancelled": "job cancelled",
    "results-processed": "answers read, and the attempt closed",
    "batch-completed": "batch complete",
    "batch-abandoned": "batch abandoned; what was released belongs to the next run",
    "run-completed": "completed",
    "report-written": "report written",
}
"""In the order in which they can follow each other."""
STEPS = {topic: 10 * at for at, topic in enumerate(HAPPENED, start=1)}
CLAIMED, CLOSED = STEPS["jsonl-uploaded"] + 1, STEPS["results-processed"]
MET = CLOSED - 1
"""The step of an error or a row: before its attempt is closed."""
FROZEN = STEPS["run-planned"] - 1
AFTER_ALL = 1_000_000
"""As an attempt: after every one."""

OUTCOMES = {
    "waited": "had to wait",
    "republished": "was republished",
    "dead_lettered": "was dead-lettered",
    "replayed": "was replayed by an operator",
    "discarded": "was discarded by an operator",
}


def in_time(told: Iterable[Told]) -> list[str]:
    """Lines in the order of time; what has no time comes last."""
    placed = sorted(told, key=lambda it: (formatting.when(it.at) or NEVER, it.attempt, it.step))
    return aligned([(formatting.moment(each.at), each.what) for each in placed], indent=2)


def of_attempt(row: Fields) -> str:
    return f"attempt {row['attempt']}: " if row.get("attempt") else ""


def event(row: Fields, beside: str = "") -> Told:
    """An event with the file, the job and the cause that it names."""
    data = data_of(row)
    topic = str(row.get("topic"))
    found = [
        f"{name} {data[key]}"
        for name, key in (("job", "job"), ("file", "uri"), ("cause", "cause"), ("for", "reason"))
        if data.get(key)
    ]
    more = ", ".join([*found, *([beside] if beside else [])])
    what = HAPPENED.get(topic, topic)
    said = of_attempt(row) + what + (f" ({more})" if more else "")
    step = STEPS.get(topic, 0)
    attempt = number(row, "attempt") or (AFTER_ALL if step > CLOSED else 0)
    return Told(row.get("recorded_at"), said, attempt, step)


def data_of(row: Fields) -> Mapping[str, Any]:
    """The body of an event; empty when it cannot be read."""
    text = row.get("data")
    if isinstance(text, Mapping):
        return text
    try:
        found = json.loads(text or "{}")
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, Mapping) else {}


def faults(found: Iterable[Fields]) -> Iterator[Told]:
    """Deliveries that did not end well at once."""
    for row in found:
        outcome = str(row.get("outcome"))
        what = OUTCOMES.get(outcome, labels.plain(outcome))
        place = f"batch {row['batch']}, " if row.get("batch") else ""
        why = f": {row['reason']}" if row.get("reason") else ""
        said = f"{place}{of_attempt(row)}{row.get('topic')} for {row.get('handler')} {what}{why}"
        step = STEPS.get(str(row.get("topic")), 0) + 1
        yield Told(row.get("recorded_at"), said, number(row, "attempt"), step)


def error(row: Fields) -> str:
    """What it was, where it showed, what becomes of the record, and what to do."""
    name = str(row.get("error_type"))
    because = f" after {row['cause']}" if row.get("cause") else ""
    where = f"line {row['line']} of the answers" if row.get("line") else ""
    shown = ", ".join(each for each in (where, row.get("detail")) if each)
    said = f" ({shown})" if shown else ""
    return f"error {name}{because}{said}, {fate(row)}: {labels.hint(name, row.get('hint'))}"


def closing(row: Fields) -> Told:
    """How an attempt ended: where its answers were read, and what they cost."""
    outputs = ", ".join(listed(row.get("outputs"))) or "no output"
    books = ", ".join(
        f"{formatting.count(number(row, name))} {name}"
        for name in ("analysed", "failed", "released", "open")
    )
    because = f" ({labels.plain(str(row['cause']))})" if row.get("cause") else ""
    asked = formatting.plural(number(row, "asked"), "record")
    read = formatting.plural(number(row, "lines"), "line")
    said = f"{asked} asked, {read} read from {outputs}; the batch then: {books}; {spent(row)}"
    what = f"{of_attempt(row)}closed as {row.get('outcome')}{because}: {said}"
    return Told(row.get("closed_at"), what, number(row, "attempt"), CLOSED)


def spent(row: Fields) -> str:
    """Tokens and cost of an attempt, or of several taken together."""
    read, written = number(row, "prompt_tokens"), number(row, "output_tokens")
    thought = number(row, "thoughts_tokens")
    thoughts = f", {formatting.count(thought)} thoughts" if thought else ""
    cached = number(row, "cached_tokens")
    hit = f" ({formatting.count(cached)} cached)" if cached else ""
    return (
        f"{formatting.count(read)} input{hit} and {formatting.count(written)} output tokens{thoughts},"
        f" cost {formatting.dollars(row.get('cost'))}, wasted {formatting.dollars(row.get('wasted'))}"
    )


def total(closings: Iterable[Fields]) -> dict[str, Any]:
    """Of several closings; one unknown cost makes the sum unknown."""
    found = list(closings)
    summed: dict[str, Any] = {
        name: sum(number(row, name) for row in found)
        for name in ("prompt_tokens", "cached_tokens", "thoughts_tokens", "output_tokens", "asked")
    }
    for name in ("cost", "wasted"):
        amounts = [row.get(name) for row in found]
        summed[name] = None if None in amounts else sum(float(amount or 0) for amount in amounts)
    return summed


def listed(text: Any) -> list[str]:
    """A JSON array of names, as a closing keeps it."""
    try:
        found = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return []
    return [str(each) for each in found] if isinstance(found, list) else []


def why_here(batch: int, members: Fields, limits: Fields, mode: str = "") -> str:
    """Why a batch holds what it holds: batches are cut in the order of the record ids."""
    records, size = number(members, "records"), number(members, "bytes")
    rows, most = number(limits, "rows_per_batch"), number(limits, "bytes_per_batch")
    asked = "the records that the reprocessing named" if mode == "reprocess" else "records"
    order = f"{asked} are cut into batches in the order of their ids"
    if batch == 1 and number(limits, "canary"):
        return f"{order}; batch 1 is the canary, and is asked before all others"
    if rows and records >= rows:
        return f"{order}; this one was full at {formatting.plural(rows, 'row')}"
    if most and size >= most:
        return f"{order}; this one was full at {formatting.megabytes(most)}"
    return f"{order}; this one took what was left"
