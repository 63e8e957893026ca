"""What of an analysis can be shown at a glance: counted by column, and no text of any answer."""

from dataclasses import dataclass
from typing import Literal

from analysis.definition import Analysis
from analysis.schema import Node, leaves

MOST_CHARTS = 12

Shows = Literal["values", "items", "numbers", "lengths"]
"""Rows by value, entries of lists by value, rows by size of a number or by length of a list."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One column of the output table, and how it is counted."""

    column: str
    shows: Shows
    is_whole: bool = False
    """Its numbers are."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A column that is not shown."""

    column: str
    why: Literal["free text", "whole numbers without a maximum", "beyond the first twelve"]


@dataclass(frozen=True, slots=True)
class Charts:
    """In the order of the table."""

    charts: tuple[Chart, ...]
    left_out: tuple[LeftOut, ...]


def charts_of(analysis: Analysis) -> Charts:
    """Closed sets, truths and numbers are shown; what may name somebody is not.

    Text is written by the model about people. A whole number without a maximum may be an
    account or a telephone number.
    """
    by_path = {leaf.path: leaf for leaf in leaves(analysis.contract.root)}
    found = [_judged(column, by_path[path]) for column, path in analysis.columns.items()]
    charts = [each for each in found if isinstance(each, Chart)]
    beyond = {chart.column for chart in charts[MOST_CHARTS:]}
    left_out = (
        LeftOut(each.column, "beyond the first twelve") if each.column in beyond else each
        for each in found
    )
    return Charts(
        tuple(charts[:MOST_CHARTS]), tuple(each for each in left_out if isinstance(each, LeftOut))
    )


def _judged(column: str, leaf: Node) -> Chart | LeftOut:
    if _is_closed(leaf):
        return Chart(column, "values")
    if leaf.kind == "number" or (leaf.kind == "integer" and leaf.most is not None):
        return Chart(column, "numbers", is_whole=leaf.kind == "integer")
    if leaf.kind == "integer":
        return LeftOut(column, "whole numbers without a maximum")
    if leaf.kind == "array" and leaf.items is not None:
        return Chart(column, "items") if _is_closed(leaf.items) else Chart(
            column, "lengths", is_whole=True
        )  # fmt: skip
    return LeftOut(column, "free text")


def _is_closed(leaf: Node) -> bool:
    return leaf.kind == "boolean" or (leaf.kind == "string" and leaf.values is not None)
