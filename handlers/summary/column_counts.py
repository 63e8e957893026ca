"""The stored answers of a run, counted by column, for the charts of the report.

What is counted follows from the schema of the analysis: closed sets, truths, numbers and lists by
length. Two closed columns of one object of the answer with the same values, such as
`callSentiment.incoming` and `callSentiment.outgoing`, are counted together as a flow.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from analysis import Analysis, Chart, charts_of
from analysis.charts import Shows
from tracking import Tracking
from tracking.column_counts import counts_sql
from tracking.statements import column_name, table_name

DIGITS = 12
"""Significant digits of the edge of a bar; more would be rounding noise."""


class ColumnCount(msgspec.Struct, frozen=True, kw_only=True):
    """One bar of a chart."""

    value: str | None
    """The value, or the lower edge of a range of numbers; None where the answer has none."""
    below: str | None = None
    """The upper edge of a range of numbers, exclusive."""
    records: int


class ColumnChart(msgspec.Struct, frozen=True, kw_only=True):
    """One column with its counts."""

    column: str
    shows: Shows
    is_whole: bool
    """Its numbers are whole."""
    median: float | None
    counts: list[ColumnCount]


class FlowCount(msgspec.Struct, frozen=True, kw_only=True):
    """Records with this pair of values."""

    before: str | None
    after: str | None
    records: int


class ColumnFlow(msgspec.Struct, frozen=True, kw_only=True):
    """Two columns with the same values, counted together."""

    before: str
    """Column."""
    after: str
    """Column."""
    counts: list[FlowCount]


class HiddenColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A column that no chart shows."""

    column: str
    why: str


class ColumnCounts(msgspec.Struct, frozen=True, kw_only=True):
    """All charts of a run, in the order of the output table."""

    charts: list[ColumnChart]
    flows: list[ColumnFlow]
    left_out: list[HiddenColumn]


class _CountedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/answers/column_counts.sql`."""

    chart: int
    value: str | None
    median: float | None
    step: float | None
    bin: float | None
    records: int


def column_counts(
    tracking: Tracking, analysis: Analysis, params: Mapping[str, Any]
) -> ColumnCounts:
    """Count the columns of the run named by `params`, in one query and one for each flow."""
    found = charts_of(analysis)
    rows: list[_CountedRow] = []
    if found.charts:
        sql = counts_sql(found.charts, analysis.table)
        rows = tracking.rows("column_counts", _CountedRow, params, counts=sql)
    by_chart: dict[int, list[_CountedRow]] = {}
    for row in rows:
        by_chart.setdefault(row.chart, []).append(row)
    flows = list(flows_of(analysis, found.charts))
    in_flows = {column for flow in flows for column in flow}
    return ColumnCounts(
        charts=[
            _chart(chart, by_chart.get(at, []))
            for at, chart in enumerate(found.charts)
            if chart.column not in in_flows
        ],
        flows=[_flow(tracking, analysis, params, *flow) for flow in flows],
        left_out=[HiddenColumn(column=each.column, why=each.why) for each in found.left_out],
    )


def flows_of(analysis: Analysis, charts: tuple[Chart, ...]) -> Iterator[tuple[str, str]]:
    """Pairs of columns that stand side by side in one object and have the same closed values."""
    closed = [chart.column for chart in charts if _values(analysis, chart.column)]
    paired: set[str] = set()
    for at, after in enumerate(closed[1:]):
        before = closed[at]
        same_values = _values(analysis, before) == _values(analysis, after)
        parents = {analysis.columns[column].rpartition(".")[0] for column in (before, after)}
        if same_values and parents != {""} and len(parents) == 1 and before not in paired:
            paired |= {before, after}
            yield before, after


def _values(analysis: Analysis, column: str) -> frozenset[str]:
    """The closed set of a text column; empty for every other column."""
    return analysis.nodes[column].values or frozenset()


def _flow(
    tracking: Tracking, analysis: Analysis, params: Mapping[str, Any], before: str, after: str
) -> ColumnFlow:
    names = {
        "before": column_name(before),
        "after": column_name(after),
        "output": table_name(analysis.table),
    }
    return ColumnFlow(
        before=before,
        after=after,
        counts=tracking.rows("column_flow", FlowCount, params, **names),
    )


def _chart(chart: Chart, rows: list[_CountedRow]) -> ColumnChart:
    return ColumnChart(
        column=chart.column,
        shows=chart.shows,
        is_whole=chart.is_whole,
        median=rows[0].median if rows else None,
        counts=[_count(row) for row in rows],
    )


def _count(row: _CountedRow) -> ColumnCount:
    if row.step is None or row.bin is None:
        value = row.value if row.step is None else None
        return ColumnCount(value=value, records=row.records)
    return ColumnCount(
        value=_edge(row.bin * row.step), below=_edge((row.bin + 1) * row.step), records=row.records
    )


def _edge(number: float) -> str:
    """Adding 0.0 makes a plain zero of -0.0."""
    return f"{number + 0.0:.{DIGITS}g}"
