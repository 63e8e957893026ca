"""The foot of the page for an analysis of one's own: each column that can be shown, counted."""

from . import formatting, labels
from .html import Bar, Markup, bars, empty, section, tag
from .reconciliation import Fields, number, part, rows

TITLE = "The analysis at a glance"
NOTHING = "No row was stored, so there is nothing to count."
SHOWN = 12
"""Bars of values; the rest is counted."""
MOST_GAPS = 40
"""Empty steps between two numbers that are drawn."""
WHY = {
    "free text": "text is not shown, it may name people",
    "whole numbers without a maximum": "a whole number without a maximum may be somebody's number",
    "beyond the first twelve": "no more than twelve columns are shown",
}
TRUTHS = {"true": "yes", "false": "no"}


def own_insights(summary: Fields, stored: int) -> Markup:
    """By what `glance` says of the columns; the counts are the insights."""
    about, found = part(summary, "column_counts"), rows(summary, "insights")
    left_out = _left_out(rows(about, "left_out"))
    charts = [
        _chart(chart, [row for row in found if row.get("kind") == chart.get("column")], stored)
        for chart in rows(about, "charts")
    ]
    if not stored:
        return section(TITLE, empty(NOTHING), id_="insights")
    if not charts:
        return section(TITLE, empty(f"No column can be counted. {left_out}"), id_="insights")
    lists = tag("div", *charts, class_="lists")
    return section(TITLE, lists, empty(left_out) if left_out else "", id_="insights")


def _chart(chart: Fields, found: list[Fields], stored: int) -> Markup:
    title = labels.plain(str(chart.get("column"))).capitalize()
    shows = chart.get("shows")
    if shows in ("numbers", "lengths"):
        title += ", entries" if shows == "lengths" else ""
        return tag("div", tag("h3", title), *_numbers(chart, found, stored))
    found = sorted(found, key=lambda row: -number(row, "records"))
    whole = stored if shows == "values" else sum(number(row, "records") for row in found)
    lines = [_bar(_value(row), number(row, "records"), whole) for row in found[:SHOWN]]
    rest = sum(number(row, "records") for row in found[SHOWN:])
    more = f"and {len(found) - SHOWN} more, {formatting.count(rest)} in all" if rest else ""
    said = more or ("" if lines else "No entry.")
    return tag("div", tag("h3", title), bars(lines), empty(said) if said else "")


def _numbers(chart: Fields, found: list[Fields], stored: int) -> list[Markup]:
    """A bar a step, those between without a row included; then how many rows say nothing."""
    is_whole = bool(chart.get("is_whole"))
    steps = sorted(
        (float(row["value"]), float(row["detail"]), number(row, "records"))
        for row in found
        if row.get("value") is not None and row.get("detail") is not None
    )
    silent = sum(number(row, "records") for row in found if row.get("value") is None)
    lines = [
        _bar(_step(low, high, is_whole=is_whole), many, stored)
        for low, high, many in _without_gaps(steps)
    ]
    if silent:
        lines.append(_bar(labels.NOT_SAID, silent, stored))
    median = chart.get("median")
    told = f"Median {_figure(float(median))}" if median is not None else ""
    return [bars(lines), empty(told) if told else Markup("")]


def _without_gaps(steps: list[tuple[float, float, int]]) -> list[tuple[float, float, int]]:
    if not steps:
        return []
    low, high, _many = steps[0]
    width = high - low
    if width <= 0:  # numbers too large for the digits that are told
        return steps
    first, last = round(low / width), round(steps[-1][0] / width)
    if not 0 < last - first < MOST_GAPS:
        return steps
    known = {round(each[0] / width): each for each in steps}
    return [known.get(at, (at * width, (at + 1) * width, 0)) for at in range(first, last + 1)]


def _step(low: float, high: float, *, is_whole: bool) -> str:
    """Of whole numbers the last one that it holds; of others where the next one begins."""
    if not is_whole:
        return f"{_figure(low)} to {_figure(high)}"
    return _figure(low) if high - low <= 1 else f"{_figure(low)} to {_figure(high - 1)}"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) and abs(value) < 1e15 else f"{value:.6g}"


def _value(row: Fields) -> str:
    value = row.get("value")
    return labels.NOT_SAID if value is None else TRUTHS.get(str(value), labels.plain(str(value)))


def _bar(label: str, many: int, whole: int) -> Bar:
    return Bar(label, many, formatting.count(many), formatting.share_of(many, whole))


def _left_out(found: list[Fields]) -> str:
    """In one sentence for each reason, the columns by name."""
    named: dict[str, list[str]] = {}
    for row in found:
        named.setdefault(str(row.get("why")), []).append(str(row.get("column")))
    return " ".join(
        f"Left out: {', '.join(columns)} ({WHY.get(why, why)})." for why, columns in named.items()
    )
