"""The end of the page: the stored answers, counted by column."""

from collections.abc import Sequence

from handlers.summary.column_counts import ColumnChart, ColumnFlow, HiddenColumn
from handlers.summary.run_summary import RunSummary
from troupe.report import formatting, labels

from . import flow as html_flow
from .elements import Bar, Markup, bars, empty, section, table, tag

TITLE = "Answers by column"
SHOWN = 12
"""Bars of values; the rest is counted."""
MOST_GAPS = 40
"""Empty steps between two numbers that are drawn."""
WHY = {
    "free text": "text is not shown, it may name persons",
    "whole numbers without a maximum": (
        "a whole number without a maximum may be an account or a telephone number"
    ),
    "beyond the first twelve": "no more than twelve columns are shown",
}
TRUTHS = {"true": "yes", "false": "no"}


def column_charts(summary: RunSummary) -> Markup:
    """Flows first, then one chart a column, then the columns that are left out."""
    counts, stored = summary.column_counts, summary.endings.analysed
    left_out = _left_out(counts.left_out)
    if not stored:
        nothing = empty("No row was stored, so there is nothing to count.")
        return section(TITLE, nothing, id_="answers")
    if not counts.charts and not counts.flows:
        return section(TITLE, empty(f"No column can be counted. {left_out}"), id_="answers")
    return section(
        TITLE,
        *(_flow(flow) for flow in counts.flows),
        tag("div", *(_chart(chart, stored) for chart in counts.charts), class_="lists"),
        empty(left_out) if left_out else "",
        id_="answers",
    )


def _title(column: str) -> str:
    return labels.plain(column).capitalize()


def _chart(chart: ColumnChart, stored: int) -> Markup:
    title = _title(chart.column)
    if chart.shows in ("numbers", "lengths"):
        title += ", entries" if chart.shows == "lengths" else ""
        return tag("div", tag("h3", title), *_numbers(chart, stored))
    counts = sorted(chart.counts, key=lambda row: -row.records)
    whole = stored if chart.shows == "values" else sum(row.records for row in counts)
    lines = [_bar(value_name(row.value), row.records, whole) for row in counts[:SHOWN]]
    rest = sum(row.records for row in counts[SHOWN:])
    more = f"and {len(counts) - SHOWN:,} more, {formatting.count(rest)} in all" if rest else ""
    note = more or ("" if lines else "No entry.")
    return tag("div", tag("h3", title), bars(lines), empty(note) if note else "")


def _numbers(chart: ColumnChart, stored: int) -> list[Markup]:
    """A bar a step, those between without a row included; then the rows without a number."""
    steps = sorted(
        (float(row.value), float(row.below), row.records)
        for row in chart.counts
        if row.value is not None and row.below is not None
    )
    without = sum(row.records for row in chart.counts if row.value is None)
    lines = [
        _bar(_step(low, high, is_whole=chart.is_whole), records, stored)
        for low, high, records in _without_gaps(steps)
    ]
    if without:
        lines.append(_bar(labels.NO_VALUE, without, stored))
    if chart.median is None:
        return [bars(lines)]
    return [bars(lines), empty(f"Median {_figure(chart.median)}")]


def _without_gaps(steps: list[tuple[float, float, int]]) -> list[tuple[float, float, int]]:
    """The steps with empty ones between them, unless these would be too many."""
    if not steps:
        return []
    low, high, _records = steps[0]
    width = high - low
    if width <= 0:  # numbers too large for the digits of an edge
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


def value_name(value: str | None) -> str:
    """The value of a closed column as people read it."""
    return labels.NO_VALUE if value is None else TRUTHS.get(value, labels.plain(value))


def _bar(label: str, records: int, whole: int) -> Bar:
    return Bar(label, records, formatting.count(records), formatting.share_of(records, whole))


def _left_out(columns: Sequence[HiddenColumn]) -> str:
    """One sentence for each reason, with the columns by name."""
    by_reason: dict[str, list[str]] = {}
    for each in columns:
        by_reason.setdefault(each.why, []).append(each.column)
    return " ".join(
        f"Left out: {', '.join(names)} ({WHY.get(why, why)})." for why, names in by_reason.items()
    )


def _flow(flow: ColumnFlow) -> Markup:
    """The picture of a flow, and its figures as a table."""
    moves = html_flow.moves_of(flow)
    if not moves:
        return Markup("")
    befores, afters = html_flow.sides_of(moves)
    before, after = labels.plain(flow.before), labels.plain(flow.after)
    matrix = table(
        (f"{before} ↓   {after} →", *afters),
        [
            (name, *(formatting.count(moves.get((name, to), 0)) for to in afters))
            for name in befores
        ],
    )
    title = f"From {before} to {after}"
    return tag(
        "div",
        tag("div", tag("h3", title), html_flow.picture(moves, title)),
        tag("div", tag("h3", "The same in figures"), matrix),
        class_="two",
    )
