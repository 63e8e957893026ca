"""The summary of a run on a terminal."""

from collections.abc import Mapping
from typing import Any

from . import account, figures, measures, words
from .account import Facts, number, part, rows
from .columns import exits, folded, line, named
from .money import analysis_line, differences, money_of, price_of, saved_line

ERRORS_SHOWN = 8


def summary_lines(
    summary: Mapping[str, Any], verdict: Mapping[str, Any] | None = None
) -> list[str]:
    """What ran, whether the books balance, the way, errors, metrics, cost, time."""
    if account.is_preview(summary):
        return [*_head(summary), *_dry(summary)]
    return [
        *_head(summary),
        line(account.books_of(summary, verdict).line),
        *_way(summary),
        *error_lines(rows(summary, "errors")),
        *_readings(summary),
        *_grounding(summary),
        *_metrics(summary),
        *_costs(summary),
        *_times(summary),
    ]


def _head(summary: Facts) -> list[str]:
    about = ", ".join(
        str(summary[name]) for name in ("analysis", "model", "mode") if summary.get(name)
    )
    return [line(f"Run {summary.get('run_id') or 'without a name'}:", about or "no plan")]


def _dry(summary: Facts) -> list[str]:
    would = figures.plural(number(summary, "would_records"), "record")
    into = figures.plural(number(summary, "would_batches"), "batch", "batches")
    return [
        f"A dry run: nothing was asked and nothing was paid. It would take {would} in {into}.",
        _source(summary),
        *exits(account.exits_before(summary)),
    ]


def _source(summary: Facts) -> str:
    held = number(summary, "source_rows")
    return named("source", figures.plural(held, "row") if held else "no rows")


def _way(summary: Facts) -> list[str]:
    planned = figures.plural(number(summary, "records"), "record")
    into = figures.plural(number(summary, "batches"), "batch", "batches")
    stored = number(part(summary, "books"), "analysed")
    return [
        _source(summary),
        *exits(account.exits_before(summary)),
        named("planned", f"{planned} in {into}"),
        *exits(account.exits_after(summary)),
        named("stored", figures.plural(stored, "row")),
    ]


def error_lines(found: list[Facts]) -> list[str]:
    """Each type of error with its count and what to do."""
    if not found:
        return [named("errors", figures.NONE)]
    told = [
        line(f"    {figures.count(number(error, 'errors'))} {_error(error)}") for error in found
    ]
    total = sum(number(error, "errors") for error in found)
    return [named("errors", figures.count(total)), *folded(told, ERRORS_SHOWN)]


def _error(error: Facts) -> str:
    name = str(error.get("error_type"))
    because = f" after {error['cause']}" if error.get("cause") else ""
    return f"{name}{because}: {words.hint(name, error.get('hint'))}"


def _readings(summary: Facts) -> list[str]:
    found = [
        f"{figures.count(number(row, 'records'))} {words.method(row.get('parse_method'))}"
        for row in rows(summary, "readings")
    ]
    return [named("answers", "; ".join(found[:4]))] if found else []


def _grounding(summary: Facts) -> list[str]:
    told = measures.grounding_of(summary)
    return [named("grounding", told)] if told else []


def _metrics(summary: Facts) -> list[str]:
    return [line(f"{each.name.lower():<20}", each.value) for each in measures.metrics_of(summary)]


def _costs(summary: Facts) -> list[str]:
    totals, money = part(summary, "totals"), money_of(summary)
    tokens = (
        f"{figures.count(number(totals, 'prompt_tokens'))} input"
        f" ({figures.count(number(totals, 'cached_tokens'))} cached),"
        f" {figures.count(number(totals, 'output_tokens'))} output,"
        f" {figures.count(number(totals, 'thoughts_tokens'))} thoughts"
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


def _beside(summary: Facts) -> list[str]:
    reasons = differences(summary)
    return [*reasons, saved_line(summary), analysis_line(summary), price_of(summary)]


def _times(summary: Facts) -> list[str]:
    times = part(summary, "times")
    planned = figures.moment(times.get("planned_at") or summary.get("planned_at"))
    if not times.get("completed_at"):
        return [named("time", f"not over, planned {planned}")]
    done = figures.moment(times["completed_at"])
    return [named("time", f"{measures.time_of(summary)}, from {planned} to {done}")]
