"""The summary of a run on a terminal."""

from collections.abc import Mapping
from typing import Any

from . import formatting, labels, metrics, reconciliation
from .cost_text import analysis_line, differences, money_of, price_of, saved_line
from .reconciliation import Fields, number, part, rows
from .text_columns import exits, folded, line, named

ERRORS_SHOWN = 8


def summary_lines(summary: Mapping[str, Any], totals: Mapping[str, Any] | None = None) -> list[str]:
    """What ran, whether the books balance, the way, errors, metrics, cost, time."""
    if reconciliation.is_preview(summary):
        return [*_head(summary), *_dry(summary)]
    return [
        *_head(summary),
        line(reconciliation.reconcile(summary, totals).line),
        *_way(summary),
        *error_lines(rows(summary, "errors")),
        *_readings(summary),
        *_grounding(summary),
        *_metrics(summary),
        *_costs(summary),
        *_times(summary),
    ]


def _head(summary: Fields) -> list[str]:
    about = ", ".join(
        str(summary[name]) for name in ("analysis", "model", "mode") if summary.get(name)
    )
    return [line(f"Run {summary.get('run_id') or 'without a name'}:", about or "no plan")]


def _dry(summary: Fields) -> list[str]:
    would = formatting.plural(number(summary, "would_records"), "record")
    into = formatting.plural(number(summary, "would_batches"), "batch", "batches")
    return [
        f"A dry run: nothing was asked and nothing was paid. It would take {would} in {into}.",
        _source(summary),
        *exits(reconciliation.exits_before(summary)),
    ]


def _source(summary: Fields) -> str:
    held = number(summary, "source_rows")
    return named("source", formatting.plural(held, "row") if held else "no rows")


def _way(summary: Fields) -> list[str]:
    planned = formatting.plural(number(summary, "records"), "record")
    into = formatting.plural(number(summary, "batches"), "batch", "batches")
    stored = number(part(summary, "books"), "analysed")
    return [
        _source(summary),
        *exits(reconciliation.exits_before(summary)),
        named("planned", f"{planned} in {into}"),
        *exits(reconciliation.exits_after(summary)),
        named("stored", formatting.plural(stored, "row")),
    ]


def error_lines(found: list[Fields]) -> list[str]:
    """Each type of error with its count and what to do."""
    if not found:
        return [named("errors", formatting.NONE)]
    told = [
        line(f"    {formatting.count(number(error, 'errors'))} {_error(error)}") for error in found
    ]
    total = sum(number(error, "errors") for error in found)
    return [named("errors", formatting.count(total)), *folded(told, ERRORS_SHOWN)]


def _error(error: Fields) -> str:
    name = str(error.get("error_type"))
    because = f" after {error['cause']}" if error.get("cause") else ""
    return f"{name}{because}: {labels.hint(name, error.get('hint'))}"


def _readings(summary: Fields) -> list[str]:
    found = [
        f"{formatting.count(number(row, 'records'))} {labels.method(row.get('parse_method'))}"
        for row in rows(summary, "readings")
    ]
    return [named("answers", "; ".join(found[:4]))] if found else []


def _grounding(summary: Fields) -> list[str]:
    told = metrics.grounding_of(summary)
    return [named("grounding", told)] if told else []


def _metrics(summary: Fields) -> list[str]:
    return [line(f"{each.name.lower():<20}", each.value) for each in metrics.metrics_of(summary)]


def _costs(summary: Fields) -> list[str]:
    totals, money = part(summary, "totals"), money_of(summary)
    tokens = (
        f"{formatting.count(number(totals, 'prompt_tokens'))} input"
        f" ({formatting.count(number(totals, 'cached_tokens'))} cached),"
        f" {formatting.count(number(totals, 'output_tokens'))} output,"
        f" {formatting.count(number(totals, 'thoughts_tokens'))} thoughts"
    )
    cost = (
        f"{money.actual} (expected {money.expected}), wasted on failures {money.wasted},"
        f" saved by deduplication {money.saved}"
    )
    return [
        named("tokens", tokens),
        named("cost", cost),
        *(line("   ", said) for said in _beside(summary) if said),
    ]


def _beside(summary: Fields) -> list[str]:
    reasons = differences(summary)
    return [*reasons, saved_line(summary), analysis_line(summary), price_of(summary)]


def _times(summary: Fields) -> list[str]:
    times = part(summary, "times")
    planned = formatting.moment(times.get("planned_at") or summary.get("planned_at"))
    if not times.get("completed_at"):
        return [named("time", f"not over, planned {planned}")]
    done = formatting.moment(times["completed_at"])
    return [named("time", f"{metrics.time_of(summary)}, from {planned} to {done}")]
