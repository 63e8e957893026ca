"""What happened to one run, in the order of time; its batches, faults and cost."""

from collections.abc import Iterator, Mapping
from typing import Any

from . import formatting, labels, reconciliation, timeline
from .reconciliation import Fields, number, part, rows
from .summary_text import error_lines
from .text_columns import aligned, exits, folded, line, named
from .timeline import Told

SHOWN = 40
"""Batches and faults of a list; the rest is counted."""
MOST_FAULTS = 200
"""As many as `journey_faults.sql` returns."""


def run_journey_lines(journey: Mapping[str, Any]) -> list[str]:
    """Its request and plan, what was told of it, its batches, errors, faults and cost."""
    plan, closings = part(journey, "plan"), rows(journey, "closings")
    about = ", ".join(str(plan[key]) for key in ("analysis", "model", "mode") if plan.get(key))
    faults = list(timeline.faults(rows(journey, "faults")))
    return [
        line(f"Run {journey.get('run_id')}:", about),
        line("  asked for:", _request(part(plan, "request"))),
        *_plan(plan),
        *timeline.in_time(_told(journey, plan)),
        *_batches(journey),
        *(f"  {told}" for told in error_lines(rows(journey, "errors"))),
        *([named("  faults", _many(faults))] if faults else []),
        *folded(timeline.in_time(faults), SHOWN),
        *([named("  cost", timeline.spent(timeline.total(closings)))] if closings else []),
    ]


def _many(faults: list[Told]) -> str:
    many = formatting.count(len(faults))
    return f"at least {many}" if len(faults) >= MOST_FAULTS else many


def _request(request: Fields) -> str:
    """What was asked, beyond what the first line says and what was left to nothing."""
    told = ("run_id", "analysis", "model", "mode")
    given = [
        f"{labels.plain(name)} {_setting(value)}"
        for name, value in request.items()
        if name not in told and value not in (None, [], "", False)
    ]
    return ", ".join(given) or formatting.NONE


def _setting(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(str(each) for each in value)
    return (
        f"{value:,g}"
        if isinstance(value, float)
        else (formatting.count(value) if isinstance(value, int) else str(value))
    )


def _plan(plan: Fields) -> list[str]:
    """From the rows of the source to the records of the run, with every reason to leave one out."""
    skipped = {name: plan[name] for name in labels.SKIPPED if name in plan}
    found = {**plan, "skipped": skipped}
    taken = formatting.plural(reconciliation.taken(found), "record")
    many = number(plan, "would_batches" if plan.get("dry_run") else "batches")
    return [
        line(f"  {formatting.plural(number(plan, 'source_rows'), 'row')} in the source"),
        *exits(reconciliation.exits_before(found)),
        line(f"  {taken} in {formatting.plural(many, 'batch', 'batches')}"),
    ]


def _told(journey: Fields, plan: Fields) -> Iterator[Told]:
    yield Told(plan.get("planned_at"), "membership frozen", step=timeline.FROZEN)
    for row in rows(journey, "events"):
        yield timeline.event(row)


def _batches(journey: Fields) -> list[str]:
    """One line each: how it stands, what it cost, and where to read more."""
    found = rows(journey, "batches")
    if not found:
        return []
    closings = rows(journey, "closings")
    table = aligned([_batch(row, closings) for row in found[:SHOWN]], indent=4)
    rest = len(found) - SHOWN
    more = [f"    and {formatting.count(rest)} more"] if rest > 0 else []
    first = found[0].get("batch")
    hint = f"  `troupe explain {journey.get('run_id')}/{first}` tells the journey of a batch"
    return [named("  batches", formatting.count(len(found))), *table, *more, line(hint)]


def _batch(row: Fields, closings: list[Fields]) -> tuple[str, ...]:
    mine = [closing for closing in closings if closing.get("batch") == row.get("batch")]
    cost = formatting.dollars(timeline.total(mine)["cost"]) if mine else formatting.NONE
    counts = ", ".join(
        f"{formatting.count(number(row, name))} {name}"
        for name in ("analysed", "failed", "released")
    )
    return (
        str(row.get("batch")),
        str(row.get("state")),
        formatting.plural(number(row, "records"), "record"),
        formatting.plural(number(row, "attempt"), "attempt"),
        f"cost {cost}",
        counts,
    )
