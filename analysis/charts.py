"""Choose the columns of an analysis that a report counts; text only where the analysis allows it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from analysis.definition import Analysis
from analysis.schema import Node

MAX_CHARTS = 12

Shows = Literal["values", "items", "numbers", "lengths"]
"""Count rows by value, list elements by value, rows by size of a number or by length of a list."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A column of the output table, and how it is counted."""

    column: str
    shows: Shows
    is_whole: bool = False
    """Whether its numbers are integers."""
    field: str | None = None
    """Of a repeated record: the field whose values are counted."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A column that is not counted."""

    column: str
    why: Literal["free text", "whole numbers without a maximum", "beyond the first twelve"]


@dataclass(frozen=True, slots=True)
class Charts:
    """All columns, counted or left out, in the order of the table."""

    charts: tuple[Chart, ...]
    left_out: tuple[LeftOut, ...]


def charts_of(analysis: Analysis) -> Charts:
    """Choose enums, booleans, numbers and lists; leave out what may identify a person.

    The model writes free text about persons, so text is counted only where `shown` of analysis.json
    names it. An integer without a maximum may be an account or a telephone number.
    """
    columns = [
        _shown_text(name, node, analysis.shown) or _chart_or_reason(name, node)
        for name, node in analysis.nodes.items()
    ]
    charts = [each for each in columns if isinstance(each, Chart)]
    beyond = {chart.column for chart in charts[MAX_CHARTS:]}
    left_out = (
        LeftOut(each.column, "beyond the first twelve") if each.column in beyond else each
        for each in columns
    )
    return Charts(
        tuple(charts[:MAX_CHARTS]), tuple(each for each in left_out if isinstance(each, LeftOut))
    )


def _shown_text(column: str, leaf: Node, shown: Collection[str]) -> Chart | None:
    """The chart of a column that `shown` names as `column`, or as `column.field` of a record."""
    for name in shown:
        owner, _, field = name.partition(".")
        if owner == column:
            return Chart(column, "items" if leaf.kind == "array" else "values", field=field or None)
    return None


def _chart_or_reason(column: str, leaf: Node) -> Chart | LeftOut:
    if leaf.is_closed:
        return Chart(column, "values")
    if leaf.kind == "number" or (leaf.kind == "integer" and leaf.most is not None):
        return Chart(column, "numbers", is_whole=leaf.kind == "integer")
    if leaf.kind == "integer":
        return LeftOut(column, "whole numbers without a maximum")
    if leaf.kind == "array" and leaf.items is not None:
        return Chart(column, "items") if leaf.items.is_closed else Chart(
            column, "lengths", is_whole=True
        )  # fmt: skip
    return LeftOut(column, "free text")
