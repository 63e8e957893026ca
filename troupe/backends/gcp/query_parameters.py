"""Named query parameters for BigQuery, each with its type."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from google.cloud.bigquery import (
    ArrayQueryParameter,
    ScalarQueryParameter,
    ScalarQueryParameterType,
    StructQueryParameter,
    StructQueryParameterType,
)

from tracking import Params
from tracking.parameters import PARAMETERS, ParameterType

Parameter = ScalarQueryParameter | ArrayQueryParameter | StructQueryParameter

_NAMED = re.compile(r"(?<!@)@([A-Za-z_]\w*)")
_COMMENT = re.compile(r"--[^\n]*")


def parameters(sql: str, values: Params) -> list[Parameter]:
    """Return the parameters that the SQL names, typed by name, or by value for unknown names.

    Raises `KeyError` for a missing value.
    """
    named = sorted(set(_NAMED.findall(_COMMENT.sub("", sql))))
    for name in named:
        if name not in values:
            raise KeyError(f"parameter {name} is missing")
    return [_parameter(name, values[name]) for name in named]


def _parameter(name: str, value: Any) -> Parameter:
    return _typed(name, PARAMETERS.get(name) or _type_of(value), value)


def _typed(name: str | None, kind: ParameterType, value: Any) -> Parameter:
    if isinstance(kind, list):
        return _array(name, kind[0], value or [])
    if isinstance(kind, dict):
        fields = (ScalarQueryParameter(n, t, _plain(value[n])) for n, t in kind.items())
        return StructQueryParameter(name, *fields)
    return ScalarQueryParameter(name, kind, _plain(value))


def _array(name: str | None, kind: ParameterType, values: list[Any]) -> ArrayQueryParameter:
    if isinstance(kind, dict):
        return ArrayQueryParameter(name, _struct(kind), [_typed(None, kind, v) for v in values])
    return ArrayQueryParameter(name, kind, [_plain(value) for value in values])


def _struct(kind: Mapping[str, str]) -> StructQueryParameterType:
    fields = [ScalarQueryParameterType(type_, name=name) for name, type_ in kind.items()]
    return StructQueryParameterType(*fields)


def _plain(value: Any) -> Any:
    """Add UTC to a time without a zone, as everywhere in this project."""
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    return value


def _type_of(value: Any) -> ParameterType:
    """Return the type of a value; NULL and empty lists count as strings."""
    if isinstance(value, list | tuple):
        return [_type_of(value[0])] if value else ["STRING"]
    if isinstance(value, dict):
        return {name: str(_type_of(each)) for name, each in value.items()}
    return next((name for kind, name in _SCALARS if isinstance(value, kind)), "STRING")


_SCALARS: tuple[tuple[type, str], ...] = (
    (bool, "BOOL"),  # before int: every bool is one
    (int, "INT64"),
    (float, "FLOAT64"),
    (bytes, "BYTES"),
    (datetime, "TIMESTAMP"),  # before date: every datetime is one
    (date, "DATE"),
)
