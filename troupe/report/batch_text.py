"""What happened to one batch, in the order of time."""

from collections.abc import Iterator, Mapping
from typing import Any

from . import formatting, reconciliation, timeline
from .reconciliation import Fields, number, part, rows
from .text_columns import line, named
from .timeline import Told

ERRORS_SHOWN = 20


def batch_lines(journey: Mapping[str, Any]) -> list[str]:
    """Its plan and why it was cut so, its attempts, errors and cost, and how it stands."""
    plan, members = part(journey, "plan"), part(journey, "members")
    about = ", ".join(str(plan[key]) for key in ("analysis", "model", "mode") if plan.get(key))
    size = formatting.megabytes(members.get("bytes"))
    records = formatting.plural(number(members, "records"), "record")
    why = timeline.why_here(
        number(journey, "batch"), members, part(plan, "limits"), str(plan.get("mode"))
    )
    return [
        line(f"Batch {journey.get('batch')} of {plan.get('batches')}, run"
             f" {journey.get('run_id')}:", about),
        line(f"  {records} in requests of {size}: {why}."),
        line(f"  From {members.get('first_record')} to {members.get('last_record')}."),
        *timeline.in_time(_told(journey, plan)),
        *_errors(rows(journey, "errors")),
        *_spent(rows(journey, "closings")),
        line(" ", _end(journey)),
    ]  # fmt: skip


def _told(journey: Fields, plan: Fields) -> Iterator[Told]:
    yield Told(plan.get("planned_at"), "planned")
    for claim in rows(journey, "claims"):
        what = "may create a job" if claim.get("state") == "create" else "void: no job"
        said = f"{timeline.of_attempt(claim)}claim {claim.get('claim')}, {what}"
        yield Told(claim.get("claimed_at"), said, number(claim, "attempt"), timeline.CLAIMED)
    for row in rows(journey, "events"):
        if row.get("topic") != "results-processed":
            yield timeline.event(row)
    yield from (timeline.closing(row) for row in rows(journey, "closings"))
    yield from timeline.faults({**row, "batch": None} for row in rows(journey, "faults"))


def _errors(found: list[Fields]) -> list[str]:
    if not found:
        return [named("  errors", formatting.NONE)]
    told = [
        line(
            f"    {timeline.of_attempt(row)}{_many(row)},",
            timeline.error(row),
        )
        for row in found[:ERRORS_SHOWN]
    ]
    more = len(found) - ERRORS_SHOWN
    rest = [f"    and {formatting.plural(more, 'further kind')}"] if more > 0 else []
    total = sum(number(row, "errors") for row in found)
    return [named("  errors", formatting.count(total)), *told, *rest]


def _many(row: Fields) -> str:
    """Some errors are of no record: of a line without its key, or of the system."""
    records = number(row, "records")
    return formatting.plural(records, "record") if records else "no record"


def _spent(closings: list[Fields]) -> list[str]:
    return [named("  cost", timeline.spent(timeline.total(closings)))] if closings else []


def _end(journey: Fields) -> str:
    """The newest closing holds how the batch stands."""
    closings = rows(journey, "closings")
    topics = {row.get("topic") for row in rows(journey, "events")}
    if not topics:
        return (
            "It has not begun: it waits for its turn in the window; `troupe status` says for what."
        )
    if not closings:
        return "Its first attempt is under way: `troupe status` says what it waits for."
    newest = closings[-1]
    sides = " + ".join(
        f"{formatting.count(number(newest, name))} {name}"
        for name in reconciliation.ENDINGS
        if name not in reconciliation.RARE
    )
    total = formatting.plural(number(part(journey, "members"), "records"), "record")
    if topics & {"batch-completed", "batch-abandoned"}:
        return f"It is over: {total} = {sides}."
    return f"It is not over: {total} = {sides}."
