"""The records of a run grouped by call attributes: endings, cost, and the values of closed columns."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from analysis import Analysis, charts_of
from tracking import Tracking
from tracking.attributes import as_structs, values_of
from tracking.statements import table_name

from .costs import mean_cost

MOST_VALUES = 12
"""Values of an attribute that are named; the others are counted together."""


class AnswerCount(msgspec.Struct, frozen=True, kw_only=True):
    """Stored rows with one value in a column; None where the answer has none."""

    answer: str | None
    records: int


class AttributeValue(msgspec.Struct, frozen=True, kw_only=True):
    """The records of a run with one value of an attribute."""

    value: str | None
    """None for calls without a value, and for the rest."""
    is_other: bool
    """Whether these are the records of all values that are not named."""
    distinct_values: int
    """How many values these are."""
    records: int
    analysed: int
    failed: int
    cost: float | None
    """US dollars for the stored rows; answers without a row are counted for no group."""
    answers: dict[str, list[AnswerCount]] = {}
    """Closed columns, each with the values of the stored rows."""

    @property
    def each(self) -> float | None:
        """The mean cost of a stored row."""
        return mean_cost(self.cost, self.analysed)


class AttributeGroup(msgspec.Struct, frozen=True, kw_only=True):
    """One attribute, and its values with the most records first."""

    attribute: str
    values: list[AttributeValue]


class _GroupRow(AttributeValue, frozen=True, kw_only=True):
    """A row of `queries/answers/attribute_groups.sql`."""

    attribute: str


class _AnswerRow(AnswerCount, frozen=True, kw_only=True):
    """A row of `queries/answers/answers_by_attribute.sql`."""

    attribute: str
    value: str | None
    is_other: bool
    column_name: str


def grouped_attributes(analysis: Analysis) -> list[str]:
    """Return the attributes by whose values reports may group.

    A text or a whole number may name a person, so `shown` of analysis.json has to name it. Numbers
    and times have too many values.
    """
    return [
        name
        for name, kind in analysis.attributes.items()
        if kind == "boolean" or (kind in ("text", "integer") and name in analysis.shown)
    ]


def attribute_groups(
    tracking: Tracking, analysis: Analysis, here: Mapping[str, Any]
) -> list[AttributeGroup]:
    """Group the records of the run named by `here`, in two queries, which read no other run."""
    attributes = grouped_attributes(analysis)
    if not attributes:
        return []
    output = table_name(analysis.table)
    rows = tracking.rows(
        "attribute_groups",
        _GroupRow,
        {**here, "most": MOST_VALUES},
        output=output,
        attributes_of_m=values_of(attributes, "m"),
    )
    columns = [c.column for c in charts_of(analysis).charts if c.shows == "values"]
    answers: list[_AnswerRow] = []
    if columns:
        named = [
            {"attribute": row.attribute, "value": row.value} for row in rows if not row.is_other
        ]
        answers = tracking.rows(
            "answers_by_attribute",
            _AnswerRow,
            {**here, "groups": named},
            output=output,
            attributes_of_t=values_of(attributes, "t"),
            answers_of_t=as_structs(columns),
        )
    return [
        AttributeGroup(
            attribute=name,
            values=[_value(row, answers) for row in rows if row.attribute == name],
        )
        for name in attributes
    ]


def _value(row: _GroupRow, answers: Sequence[_AnswerRow]) -> AttributeValue:
    mine: dict[str, list[AnswerCount]] = {}
    for each in answers:
        if (each.attribute, each.value, each.is_other) == (row.attribute, row.value, row.is_other):
            count = AnswerCount(answer=each.answer, records=each.records)
            mine.setdefault(each.column_name, []).append(count)
    fields = {name: getattr(row, name) for name in AttributeValue.__struct_fields__}
    return AttributeValue(**{**fields, "answers": mine})
