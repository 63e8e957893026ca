"""An analysis of any kind at a glance: one query that counts the columns which can be shown."""

from analysis import Analysis, Chart, charts_of
from tracking import Row, Tracking
from tracking.column_counts import counts_sql

DIGITS = 12
"""Of the edges of a bar; more would be noise of the arithmetic."""


def column_counts(tracking: Tracking, analysis: Analysis, here: Row) -> tuple[list[Row], Row]:
    """The counts, and what they are: how each column is shown, and which are not, and why.

    A row has its column as `kind`; of numbers, `value` and `detail` are from where and to below
    where the bar goes.
    """
    found = charts_of(analysis)
    sql = counts_sql(found.charts, analysis.table)
    rows = tracking.query("column_counts", here, counts=sql) if found.charts else []
    medians = {row["chart"]: row["median"] for row in rows}
    charts = [
        {
            "column": each.column,
            "shows": each.shows,
            "is_whole": each.is_whole,
            "median": medians.get(at),
        }
        for at, each in enumerate(found.charts)
    ]
    left_out = [{"column": each.column, "why": each.why} for each in found.left_out]
    told = [_told(row, found.charts[row["chart"]]) for row in rows]
    return told, {"charts": charts, "left_out": left_out}


def _told(row: Row, chart: Chart) -> Row:
    low = high = None
    if row["bin"] is not None:
        low, high = (_edge((row["bin"] + more) * row["step"]) for more in (0, 1))
    value = row["value"] if row["step"] is None else low
    return {"kind": chart.column, "value": value, "detail": high, "records": row["records"]}


def _edge(number: float) -> str:
    return f"{number + 0.0:.{DIGITS}g}"
