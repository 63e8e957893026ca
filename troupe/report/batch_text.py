"""The history of one batch as lines, in the order of time."""

from collections.abc import Iterator, Sequence

from troupe.operations.histories import BatchErrorCount, BatchHistory

from . import formatting, timeline
from .reconciliation import ENDINGS, RARE
from .text_columns import line, named
from .timeline import Spending, TimelineEntry

ERRORS_SHOWN = 20


def batch_lines(history: BatchHistory) -> list[str]:
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
        *timeline.in_time(_entries(history)),
        *_errors(history.errors),
        *([named("  cost", Spending.of(history.closings))] if history.closings else []),
        line(" ", _state(history)),
    ]  # fmt: skip


def _entries(history: BatchHistory) -> Iterator[TimelineEntry]:
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
