"""The closed answers of an analysis: over time, by call attribute, and from one column to another."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import msgspec

from analysis import Analysis, charts_of
from analysis.models import is_simulated
from handlers.summary.attribute_groups import MOST_VALUES, grouped_attributes
from handlers.summary.column_counts import ColumnFlow, FlowCount, flows_of
from handlers.summary.drift import newest_day
from tracking.attributes import path_of
from tracking.found_records import counted_names
from tracking.statements import column_name, table_name

from .backend import Backend, InvalidOperation
from .find_records import asked_analysis, day_of

MOST_DAYS = 370
"""Of one period; a year and its first day."""
DEFAULT_DAYS = 91
DAILY_UP_TO = 31
"""Days that are shown one by one; a longer period is shown by week."""
GRADE, MODEL = "grade", "model"


class ValueOverTime(msgspec.Struct, frozen=True, kw_only=True):
    """The rows with one value of a column."""

    value: str | None
    """None: the answer has none."""
    records: int
    steps: list[int]
    """Records in each step of the period, the oldest first."""


class ColumnOverTime(msgspec.Struct, frozen=True, kw_only=True):
    """One closed column, or the grade."""

    column: str
    values: list[ValueOverTime]
    """The most frequent first."""


class GroupOfAnswers(msgspec.Struct, frozen=True, kw_only=True):
    """The rows with one value of a call attribute."""

    value: str | None
    """None: calls without a value, and the rest."""
    is_other: bool
    """Whether these are the rows of all values that are not named."""
    records: int
    columns: dict[str, dict[str, int]]
    """Column to value to rows; the value that is missing has the name ``."""


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `answers`."""

    analysis: str
    since: date | None
    """First day of the calls; None where no call was answered in the last 90 days."""
    until: date | None
    days: int
    """Of one step: 1 or 7."""
    steps: list[date]
    """First day of each step, the oldest first."""
    records: list[int]
    """Rows in each step."""
    simulated: int
    """Rows that the stand-in wrote."""
    columns: list[ColumnOverTime]
    flows: list[ColumnFlow]
    by: str | None
    """The call attribute by which the rows are grouped."""
    groups: list[GroupOfAnswers]
    attributes: list[str]
    """Call attributes by which the rows may be grouped."""

    @property
    def total(self) -> int:
        return sum(self.records)


class _Counted(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/answers/answers_over_time.sql`."""

    column_name: str
    value: str | None
    step: int
    records: int


class _Grouped(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/answers/answers_by_value.sql`."""

    named_value: str | None
    is_other: bool
    column_name: str
    value: str | None
    records: int


def answers(
    backend: Backend,
    analysis: str | None = None,
    since: str | None = None,
    until: str | None = None,
    by: str | None = None,
) -> Answers:
    """Count the values of closed columns by the day of the call, in days or in weeks.

    Without days it is the 13 weeks up to the newest answered call. `by` counts them by the values of
    a call attribute that reports may show, as well. Raises `InvalidOperation`.
    """
    found = asked_analysis(backend, analysis)
    attributes = grouped_attributes(found)
    if by is not None and by not in attributes:
        raise InvalidOperation(
            f"invalid --by {by!r}: rows of {found.name} are grouped by "
            f"{', '.join(attributes) or 'no call attribute'}; shown of analysis.json adds one"
        )
    period = _period(backend, found, since, until)
    if period is None:
        return Answers(
            analysis=found.name, since=None, until=None, days=7, steps=[], records=[], simulated=0, columns=[],
            flows=[], by=by, groups=[], attributes=attributes,
        )  # fmt: skip
    first, last = period
    days = 1 if (last - first).days < DAILY_UP_TO else 7
    count = (last - first).days // days + 1
    params = {"analysis": found.name, "since": first, "until": last}
    *columns, models = _columns(backend, found, {**params, "step": days}, count)
    return Answers(
        analysis=found.name,
        since=first,
        until=last,
        days=days,
        steps=[
            max(first, last - timedelta(days=days * at + days - 1)) for at in reversed(range(count))
        ],
        records=[sum(each) for each in zip(*(v.steps for v in columns[0].values), strict=True)]
        or [0] * count,
        simulated=sum(each.records for each in models.values if is_simulated(each.value)),
        columns=columns,
        flows=_flows(backend, found, params),
        by=by,
        groups=_groups(backend, found, params, by) if by else [],
        attributes=attributes,
    )


def _period(
    backend: Backend, analysis: Analysis, since: str | None, until: str | None
) -> tuple[date, date] | None:
    begin = day_of("since", since) if since else None
    last = day_of("until", until) if until else newest_day(backend.dependencies.tracking, analysis)
    if last is None:
        return None
    first = begin or last - timedelta(days=DEFAULT_DAYS - 1)
    if not 0 <= (last - first).days < MOST_DAYS:
        raise InvalidOperation(
            f"invalid days {first} to {last}: use a period of 1 to {MOST_DAYS} days"
        )
    return first, last


def _columns(
    backend: Backend, analysis: Analysis, params: Mapping[str, Any], count: int
) -> list[ColumnOverTime]:
    """Count the grade, every closed column and at last the model in one scan."""
    names = [GRADE, *analysis.closed_columns, MODEL]
    rows = backend.dependencies.tracking.rows(
        "answers_over_time",
        _Counted,
        params,
        output=table_name(analysis.table),
        **counted_names(names),
    )
    by_column: dict[str, dict[str | None, list[int]]] = {name: {} for name in names}
    for row in rows:
        steps = by_column[row.column_name].setdefault(row.value, [0] * count)
        steps[count - 1 - row.step] += row.records
    return [
        ColumnOverTime(
            column=name,
            values=sorted(
                (
                    ValueOverTime(value=value, records=sum(steps), steps=steps)
                    for value, steps in values.items()
                ),
                key=lambda each: (-each.records, each.value is None, each.value or ""),
            ),
        )
        for name, values in by_column.items()
    ]


def _flows(backend: Backend, analysis: Analysis, params: Mapping[str, Any]) -> list[ColumnFlow]:
    tracking = backend.dependencies.tracking
    return [
        ColumnFlow(
            before=before,
            after=after,
            counts=tracking.rows(
                "answers_flow",
                FlowCount,
                params,
                output=table_name(analysis.table),
                before=column_name(before),
                after=column_name(after),
            ),
        )
        for before, after in flows_of(analysis, charts_of(analysis).charts)
    ]


def _groups(
    backend: Backend, analysis: Analysis, params: Mapping[str, Any], by: str
) -> list[GroupOfAnswers]:
    names = [GRADE, *analysis.closed_columns]
    rows = backend.dependencies.tracking.rows(
        "answers_by_value",
        _Grouped,
        {**params, "most": MOST_VALUES},
        output=table_name(analysis.table),
        path=path_of(by),
        **counted_names(names),
    )
    found: dict[tuple[bool, str | None], dict[str, dict[str, int]]] = {}
    for row in rows:
        columns = found.setdefault((row.is_other, row.named_value), {})
        columns.setdefault(row.column_name, {})[row.value or ""] = row.records
    groups = [
        GroupOfAnswers(
            value=value, is_other=is_other, records=sum(columns[GRADE].values()), columns=columns
        )
        for (is_other, value), columns in found.items()
    ]
    return sorted(groups, key=lambda each: (each.is_other, -each.records, each.value or ""))
