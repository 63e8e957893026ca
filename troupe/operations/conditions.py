"""`--where`: conditions on call attributes as people type them, read into the typed form of events."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from math import isfinite
from typing import Any

from .backend import InvalidOperation

_CONDITION = re.compile(
    r"\s*([A-Za-z][A-Za-z0-9_]*)\s*(>=|<=|!=|<>|==|=|<|>)\s*(.*)", re.ASCII | re.DOTALL
)
_FIELDS = {"=": "one_of", "==": "one_of", ">=": "from", "<": "below"}
_HOW = "use NAME=VALUE, NAME>=VALUE or NAME<VALUE"


def read_conditions(texts: Iterable[str], attributes: Mapping[str, str]) -> list[dict[str, Any]]:
    """Read conditions, in the types of the analysis' attributes; one for each attribute.

    Several `=` of one attribute admit each of their values. Raises `InvalidOperation`, which
    quotes the condition.
    """
    found: dict[str, dict[str, Any]] = {}
    for text in texts:
        name, field, value = _read(text, attributes)
        condition = found.setdefault(name, {"attribute": name})
        if field == "one_of":
            condition.setdefault(field, []).append(value)
        elif field in condition:
            raise _invalid(text, f"{name} has such a bound already; give one")
        else:
            condition[field] = value
    return list(found.values())


def _read(text: str, attributes: Mapping[str, str]) -> tuple[str, str, Any]:
    match = _CONDITION.fullmatch(text)
    if match is None or match[2] not in _FIELDS:
        raise _invalid(text, _HOW)
    name, field, value = match[1], _FIELDS[match[2]], match[3]
    kind = attributes.get(name)
    if kind is None:
        known = f"has {', '.join(attributes)}" if attributes else "names no attributes"
        raise _invalid(
            text,
            f"the analysis {known}; name {name} in attributes of analysis.json to filter by it",
        )
    if field != "one_of" and kind in ("text", "boolean"):
        raise _invalid(text, f"{name} has type {kind}, which has no order: use {name}=VALUE")
    try:
        return name, field, _VALUES[kind](value)
    except ValueError:
        raise _invalid(text, f"{name} has type {kind}: use {_EXAMPLES[kind]}") from None


def _invalid(text: str, why: str) -> InvalidOperation:
    return InvalidOperation(f"invalid --where {text!r}: {why}")


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text.strip(), re.ASCII):
        raise ValueError(text)
    return int(text)


def _number(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(text)
    return number


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


def _time(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError(text)
    return text


_VALUES: Mapping[str, Callable[[str], Any]] = {
    "text": str,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "time": _time,
}
_EXAMPLES = {
    "text": "a text",
    "integer": "a whole number, e.g. 60",
    "number": "a number, e.g. 0.5",
    "boolean": "true or false",
    "time": "RFC 3339 with a time zone, e.g. 2026-01-31T00:00:00Z",
}
