"""Lines with a time: what the histories of records, batches and runs have in common."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Self

import msgspec

from analysis.models import is_simulated
from handlers.summary.run_summary import ErrorCount
from troupe.operations.histories import (
    AttemptClosing,
    BatchLimits,
    BatchMembers,
    DeliveryFault,
    RecordedEvent,
    RecordError,
)

from . import formatting, labels
from .reconciliation import consequence
from .text.columns import aligned


class TimelineEntry(NamedTuple):
    """One line. At the same time, attempts and their steps are listed in their order."""

    at: datetime
    text: str
    attempt: int = 0
    step: int = 0


HAPPENED = {
    "run-requested": "requested",
    "reprocess-requested": "reprocessing requested",
    "reread-requested": "reading again requested",
    "run-refused": "refused",
    "run-planned": "planned",
    "cancel-requested": "cancellation requested",
    "run-stopped": "stopped",
    "batch-planned": "begun",
    "reread-planned": "reading again begun",
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
READ = CLOSED - 1
"""The step of an error or a row: before its attempt is closed."""
FROZEN = STEPS["run-planned"] - 1
AFTER_ALL = 1_000_000
"""As an attempt: after every one."""

OUTCOMES = {
    "waited": "had to wait",
    "republished": "was republished",
    "given_up": "was republished as often as allowed",
    "dead_lettered": "was dead-lettered",
    "replayed": "was replayed by an operator",
    "discarded": "was discarded by an operator",
}


class _EventData(msgspec.Struct, frozen=True):
    """The fields of an event's body that a line shows."""

    job: str | None = None
    uri: str | None = None
    cause: str | None = None
    reason: str | None = None


def in_time(entries: Iterable[TimelineEntry]) -> list[str]:
    """Entries as aligned lines, in the order of time."""
    ordered = sorted(entries, key=lambda entry: (entry.at, entry.attempt, entry.step))
    return aligned([(formatting.moment(entry.at), entry.text) for entry in ordered], indent=2)


def of_attempt(attempt: int | None) -> str:
    return f"attempt {attempt}: " if attempt else ""


def event_entry(event: RecordedEvent, note: str = "") -> TimelineEntry:
    """An event with the job, the file and the cause that it names, and a note."""
    data = _data_of(event)
    named = [
        f"{name} {value}"
        for name, value in (
            ("job", data.job),
            ("file", data.uri),
            ("cause", data.cause),
            ("for", data.reason),
        )
        if value
    ]
    notes = ", ".join([*named, *([note] if note else [])])
    what = HAPPENED.get(event.topic, event.topic)
    text = of_attempt(event.attempt) + what + (f" ({notes})" if notes else "")
    step = STEPS.get(event.topic, 0)
    attempt = event.attempt or (AFTER_ALL if step > CLOSED else 0)
    return TimelineEntry(event.recorded_at, text, attempt, step)


def _data_of(event: RecordedEvent) -> _EventData:
    """Empty for a body that cannot be read."""
    try:
        return msgspec.json.decode(event.data, type=_EventData)
    except msgspec.MsgspecError:
        return _EventData()


def fault_entries(faults: Iterable[DeliveryFault], *, with_batch: bool) -> Iterator[TimelineEntry]:
    """Deliveries whose first outcome was not `done`."""
    for fault in faults:
        outcome = OUTCOMES.get(fault.outcome, labels.plain(fault.outcome))
        batch = f"batch {fault.batch}, " if with_batch and fault.batch else ""
        why = f": {fault.reason}" if fault.reason else ""
        if fault.not_before is not None and fault.outcome == "waited":
            outcome += f" until {formatting.moment(fault.not_before)}"
        where = f"{batch}{of_attempt(fault.attempt)}"
        text = f"{where}{fault.topic} for {fault.handler} {outcome}{why}"
        step = STEPS.get(fault.topic, 0) + 1
        yield TimelineEntry(fault.recorded_at, text, fault.attempt or 0, step)


def error_text(error: ErrorCount | RecordError) -> str:
    """The error, where it occurred, what happens to the record, and what to do."""
    because = f" after {error.cause}" if error.cause else ""
    notes = ""
    if isinstance(error, RecordError):
        line = f"line {error.line} of the answers" if error.line else ""
        notes = ", ".join(each for each in (line, error.detail) if each)
    where = f" ({notes})" if notes else ""
    hint = labels.hint(error.error_type, error.hint)
    return f"error {error.error_type}{because}{where}, {consequence(error)}: {hint}"


def closing_entry(closing: AttemptClosing) -> TimelineEntry:
    """How an attempt ended: where its answers were read, and what they cost."""
    outputs = ", ".join(closing.outputs) or "no output"
    endings = formatting.counts(closing, "analysed", "failed", "released", "open")
    because = f" ({labels.plain(closing.cause)})" if closing.cause else ""
    sent = formatting.plural(closing.asked, "request")
    read = formatting.plural(closing.lines, "line")
    text = (
        f"{of_attempt(closing.attempt)}closed as {closing.outcome}{because}: {sent} sent,"
        f" {read} read from {outputs}; the batch then: {endings}; {Spending.of([closing])}"
    )
    return TimelineEntry(closing.closed_at, text, closing.attempt, CLOSED)


@dataclass(frozen=True, slots=True)
class Spending:
    """Tokens and cost of attempts; one unknown cost makes the sum unknown."""

    prompt_tokens: int
    cached_tokens: int
    thoughts_tokens: int
    output_tokens: int
    cost: float | None
    wasted: float | None
    simulated: bool = False

    @classmethod
    def of(cls, closings: Iterable[AttemptClosing]) -> Self:
        found = list(closings)
        return cls(
            prompt_tokens=sum(each.prompt_tokens for each in found),
            cached_tokens=sum(each.cached_tokens for each in found),
            thoughts_tokens=sum(each.thoughts_tokens for each in found),
            output_tokens=sum(each.output_tokens for each in found),
            cost=_sum(each.cost for each in found),
            wasted=_sum(each.wasted for each in found),
            simulated=any(is_simulated(each.answered_by) for each in found),
        )

    @property
    def verb(self) -> str:
        return "would have cost" if self.simulated else "cost"

    def __str__(self) -> str:
        cached = f" ({formatting.count(self.cached_tokens)} cached)" if self.cached_tokens else ""
        thoughts = (
            f", {formatting.count(self.thoughts_tokens)} thoughts" if self.thoughts_tokens else ""
        )
        return (
            f"{formatting.count(self.prompt_tokens)} input{cached} and"
            f" {formatting.count(self.output_tokens)} output tokens{thoughts},"
            f" {self.verb} {formatting.dollars(self.cost)},"
            f" wasted {formatting.dollars(self.wasted)}"
            f"{' (simulated)' if self.simulated else ''}"
        )


def _sum(amounts: Iterable[float | None]) -> float | None:
    total = 0.0
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total


def why_in_batch(
    batch: int, members: BatchMembers, limits: BatchLimits | None, mode: str = ""
) -> str:
    """Why a batch holds what it holds: batches are cut in the order of the record ids."""
    named = "the records that the reprocessing named" if mode == "reprocess" else "records"
    order = f"{named} are cut into batches in the order of their ids"
    if limits is not None:
        if batch == 1 and limits.canary:
            return f"{order}; batch 1 is the canary, and runs before all others"
        if members.records >= limits.rows_per_batch:
            return (
                f"{order}; this one was full at {formatting.plural(limits.rows_per_batch, 'row')}"
            )
        if members.bytes >= limits.bytes_per_batch:
            return f"{order}; this one was full at {formatting.megabytes(limits.bytes_per_batch)}"
    return f"{order}; this one holds the rest"
