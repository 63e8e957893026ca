"""The page *Answers*: closed values over time, by call attribute, and from one column to another."""

from datetime import date, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from handlers.summary.column_counts import ColumnFlow
from troupe.console.charts import sparkline
from troupe.console.client import client_of
from troupe.console.rendering import render
from troupe.operations.analyses import list_analyses
from troupe.operations.answers import Answers, ColumnOverTime, GroupOfAnswers, answers
from troupe.report import formatting, labels
from troupe.report.html import flow as html_flow
from troupe.report.html.column_charts import value_name
from troupe.report.html.elements import Markup

COLUMNS = 12
"""Columns that the page shows."""
VALUES = 12
"""Values of a column; the rest is counted together."""
GROUP_VALUES = 6
"""Values of a column in a table by call attribute."""
_FIELDS = ("analysis", "since", "until", "by")


class Line(NamedTuple):
    """One value of a column."""

    name: str
    address: str | None
    """Of its records; None for what stands for several values."""
    records: int
    share: str
    chart: Markup
    steps: list[int]


class Chart(NamedTuple):
    """One column: its values over time."""

    title: str
    lines: list[Line]


class Flow(NamedTuple):
    """Two columns with the same values: as ribbons, and as a table of figures with addresses."""

    title: str
    corner: str
    picture: Markup
    afters: list[str]
    rows: list[tuple[str, list[tuple[int, str]]]]


class GroupTable(NamedTuple):
    """One column by the values of a call attribute."""

    title: str
    values: list[str]
    rows: list[tuple[str, int, list[str]]]
    """Value of the attribute, its records, and the share of each value."""


async def index(request: Request) -> Response:
    """Show the answers of one analysis in one period."""
    client = client_of(request)
    asked = {name: request.query_params.get(name) or None for name in _FIELDS}
    found = await client.shared(answers, **asked)
    installed = await client.shared(list_analyses)
    shown = found.columns[:COLUMNS]
    return render(
        request,
        "answers.html",
        found=found,
        asked=asked,
        analyses=[each.name for each in installed.analyses],
        charts=[_chart(found, each) for each in shown] if not found.groups else [],
        groups=[_table(found.groups, each) for each in shown] if found.groups else [],
        flows=[flow for each in found.flows if (flow := _flow(found, each))],
        left_out=[labels.plain(each.column) for each in found.columns[COLUMNS:]],
        periods=_periods(found),
    )


def _periods(found: Answers) -> list[tuple[str, str]]:
    """Addresses of periods that end with this one's last day."""
    if found.until is None:
        return []
    return [
        (name, _address(found, found.until - timedelta(days=days - 1)))
        for name, days in (("7 days", 7), ("28 days", 28), ("13 weeks", 91))
    ]


def _address(found: Answers, since: date) -> str:
    asked = {"analysis": found.analysis, "since": since, "until": found.until}
    return "/answers?" + urlencode(asked | ({"by": found.by} if found.by else {}))


def _records(found: Answers, **where: str | None) -> str:
    """The address of the records that have these values; of grades as such."""
    asked: list[tuple[str, object]] = [
        ("analysis", found.analysis), ("since", found.since), ("until", found.until),
    ]  # fmt: skip
    for column, value in where.items():
        is_grade = column == "grade"
        asked.append(("grade", value) if is_grade else ("where", f"{column}={value or ''}"))
    return "/records?" + urlencode(asked)


def _chart(found: Answers, column: ColumnOverTime) -> Chart:
    lines = [
        _line(
            found, value_name(each.value), each.records, each.steps, _of(found, column, each.value)
        )
        for each in column.values[:VALUES]
    ]
    rest = column.values[VALUES:]
    if rest:
        steps = [sum(each) for each in zip(*(value.steps for value in rest), strict=True)]
        lines.append(_line(found, f"{len(rest):,} more values", sum(steps), steps, None))
    return Chart(labels.plain(column.column), lines)


def _of(found: Answers, column: ColumnOverTime, value: str | None) -> str | None:
    """A row without a grade is older than grades are, and no search asks for it."""
    if column.column == "grade" and value is None:
        return None
    return _records(found, **{column.column: value})


def _line(found: Answers, name: str, records: int, steps: list[int], address: str | None) -> Line:
    share = formatting.share_of(records, found.total)
    newest = formatting.share_of(steps[-1], found.records[-1]) or "no record"
    title = f"{name}: share by {'day' if found.days == 1 else 'week'}, {newest} in the newest"
    return Line(name, address, records, share, sparkline(steps, found.records, title), steps)


def _flow(found: Answers, flow: ColumnFlow) -> Flow | None:
    moves = html_flow.moves_of(flow)
    if not moves:
        return None
    values = {value_name(v): v for each in flow.counts for v in (each.before, each.after)}
    befores, afters = html_flow.sides_of(moves)
    before, after = labels.plain(flow.before), labels.plain(flow.after)
    title = f"From {before} to {after}"

    def cell(start: str, end: str) -> tuple[int, str]:
        where = {flow.before: values.get(start), flow.after: values.get(end)}
        return moves.get((start, end), 0), _records(found, **where)

    return Flow(
        title=title,
        corner=f"{before} ↓ {after} →",
        picture=html_flow.picture(moves, title),
        afters=afters,
        rows=[(start, [cell(start, end) for end in afters]) for start in befores],
    )


def _table(groups: list[GroupOfAnswers], column: ColumnOverTime) -> GroupTable:
    values = [each.value for each in column.values[:GROUP_VALUES]]
    rows = []
    for group in groups:
        counts = group.columns.get(column.column, {})
        shares = [
            formatting.share_of(counts.get(value or "", 0), group.records) for value in values
        ]
        name = "other values" if group.is_other else value_name(group.value)
        rows.append((name, group.records, shares))
    return GroupTable(labels.plain(column.column), [value_name(each) for each in values], rows)
