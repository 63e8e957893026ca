"""Call attributes in SQL: their JSON object, the conditions of a request, and checks of both.

Names of attributes are checked and quoted; the values of conditions are parameters of the
attribute's type. A condition names its values by their position in one array for each type, so
that every parameter has one name and one type in all statements.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from events import Condition, ConditionValue

from .statements import column_name

Attributes = Mapping[str, str]
"""Attribute to type: text, integer, number, boolean or time."""

ARRAYS = {
    "text": "filter_texts",
    "integer": "filter_integers",
    "number": "filter_numbers",
    "boolean": "filter_booleans",
    "time": "filter_times",
}
"""The parameter that holds the values of conditions, by type."""
RANGED = ("integer", "number", "time")
"""Types that have a from and a below."""
_COLUMN_TYPES = {
    "text": ("STRING", "INTEGER", "BOOLEAN", "DATE"),
    "integer": ("INTEGER",),
    "number": ("FLOAT", "INTEGER", "NUMERIC", "BIGNUMERIC"),
    "boolean": ("BOOLEAN",),
    "time": ("TIMESTAMP",),
}
"""Types of a source column from which an attribute can be read, by the attribute's type."""
_EXPECTED = {
    "text": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "time": "a time such as 2026-01-31T00:00:00Z",
}


class UnfitAttribute(ValueError):
    """A request, the analysis and the source do not fit each other; the text names the remedy."""

    def __init__(self, reason: str, detail: str) -> None:
        """`reason` is `unknown_attribute` or `attribute_type`."""
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class AttributeSql:
    """What a request for an analysis with attributes puts into a planning statement."""

    names: dict[str, str] = field(default_factory=dict)
    """Placeholder to SQL; empty for an analysis without attributes."""
    params: dict[str, Any] = field(default_factory=dict)
    """The values of the conditions."""


def attribute_sql(
    attributes: Attributes,
    conditions: Sequence[Condition],
    source: Mapping[str, str],
    redacted: Callable[[str], str] = str,
) -> AttributeSql:
    """Write the attributes of a source row, and the conditions, as SQL.

    `source` has the quoted name of each column of ours; `redacted` writes a text as it is sent.
    Raises `UnfitAttribute`.
    """
    params: dict[str, list[Any]] = {array: [] for array in ARRAYS.values()}
    if not attributes and not conditions:
        return AttributeSql()
    checks = [
        check
        for condition in conditions
        for check in _checks(condition, _type_of(condition, attributes), source, params)
    ]
    values = ", ".join(
        f"{_as_json(kind, _column(name, source), redacted)} AS {column_name(name)}"
        for name, kind in attributes.items()
    )
    names = {"attribute_values": f"TO_JSON_STRING(STRUCT({values}))"}
    if checks:
        names["attribute_filter"] = " AND ".join(checks)
    return AttributeSql(names, params)


def column_problems(
    attributes: Attributes, columns: Mapping[str, str], source: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield reason and problem of each attribute that a table of these columns cannot give."""
    known = {name.lower(): type_ for name, type_ in columns.items()}
    for name, kind in attributes.items():
        column = _column(name, source).strip("`")
        actual = known.get(column.lower())
        if actual is None:
            yield "unknown_attribute", f"has no column {column}"
        elif actual not in _COLUMN_TYPES[kind]:
            allowed = " or ".join(_COLUMN_TYPES[kind])
            yield (
                "attribute_type",
                f"has {column} as {actual}, where an attribute of type {kind} needs {allowed}",
            )


def typed(value: ConditionValue, kind: str, name: str) -> Any:
    """Return a condition's value in the attribute's type. Raises `UnfitAttribute`."""
    fits = {
        "text": isinstance(value, str),
        "integer": isinstance(value, int) and not isinstance(value, bool),
        "number": isinstance(value, int | float) and not isinstance(value, bool),
        "boolean": isinstance(value, bool),
        "time": isinstance(value, str),
    }[kind]
    if fits and isinstance(value, int) and not -(2**63) <= value < 2**63:
        fits = False
    if fits and kind == "time":
        return _time(str(value), name)
    if not fits:
        raise UnfitAttribute("attribute_type", f"{name} has type {kind}: use {_EXPECTED[kind]}")
    return float(value) if kind == "number" else value


def _time(text: str, name: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise UnfitAttribute(
            "attribute_type", f"{name} has type time: use {_EXPECTED['time']}, with its zone"
        )
    return time


def _type_of(condition: Condition, attributes: Attributes) -> str:
    kind = attributes.get(condition.attribute)
    if kind is None:
        known = f"it has {', '.join(attributes)}" if attributes else "it has none"
        raise UnfitAttribute(
            "unknown_attribute",
            f"the analysis has no attribute {condition.attribute}: {known}; name it in attributes "
            "of analysis.json",
        )
    return kind


def _checks(
    condition: Condition, kind: str, source: Mapping[str, str], params: Mapping[str, list[Any]]
) -> Iterator[str]:
    name = condition.attribute
    value, array = _as_value(kind, _column(name, source)), ARRAYS[kind]

    def at(given: ConditionValue) -> str:
        params[array].append(typed(given, kind, name))
        return f"@{array}[OFFSET({len(params[array]) - 1})]"

    if condition.one_of:
        yield f"{value} IN ({', '.join(at(each) for each in condition.one_of)})"
    for operator, bound in ((">=", condition.from_), ("<", condition.below)):
        if bound is not None:
            if kind not in RANGED:
                raise UnfitAttribute(
                    "attribute_type",
                    f"{name} has type {kind}, which has no order: use one_of (`=`), not from or below",
                )
            yield f"{value} {operator} {at(bound)}"


def _column(name: str, source: Mapping[str, str]) -> str:
    """Quote the column: direction, provider and event_timestamp may have another name there."""
    return source.get(name) or column_name(name)


def _as_value(kind: str, column: str) -> str:
    if kind == "number":
        # A value that JSON cannot write counts as missing.
        number = f"CAST({column} AS FLOAT64)"
        return f"IF(IS_NAN({number}) OR IS_INF({number}), NULL, {number})"
    return {
        "text": f"CAST({column} AS STRING)",
        "integer": f"CAST({column} AS INT64)",
        "boolean": f"CAST({column} AS BOOL)",
        "time": column,
    }[kind]


def _as_json(kind: str, column: str, redacted: Callable[[str], str]) -> str:
    value = _as_value(kind, column)
    if kind == "text":
        return redacted(value)
    return f"FORMAT_TIMESTAMP('%Y-%m-%dT%H:%M:%SZ', {value})" if kind == "time" else value


def values_of(attributes: Sequence[str], row: str) -> str:
    """Write attribute and value of a row's JSON object as elements of an array, for `UNNEST`."""
    # The names are letters, digits and _: see events/conditions.py.
    return ", ".join(
        f"STRUCT('{name}' AS attribute, JSON_VALUE({row}.attributes, {path_of(name)}) AS value)"
        for name in attributes
    )


def path_of(attribute: str) -> str:
    """Write the path of an attribute in its JSON object."""
    column_name(attribute)
    return f"'$.{attribute}'"


def as_structs(columns: Sequence[str]) -> str:
    """Write name and value of columns of `t` as elements of an array, for `UNNEST`."""
    return ", ".join(
        f"STRUCT('{name}' AS column_name, CAST(t.{column_name(name)} AS STRING) AS answer)"
        for name in columns
    )
