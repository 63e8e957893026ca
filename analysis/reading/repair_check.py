"""Proof that a repair kept every word: source and result are the same run of signs and values.

A repaired object is read back as a run of brackets, property names and values. When the damaged
text, read sign by sign, gives the very same run, the repair can have touched only commas,
colons and the space between them, and the run leaves no freedom where a value belongs.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

Item = tuple[str, Any]

_SIGN = re.compile(
    r"""[ \t\r\n]*+(?:
        (?P<string>"[^"\\]*+(?:\\.[^"\\]*+)*+")(?P<colon>[ \t\r\n]*+:)?
      | (?P<bracket>[{}\[\]])
      | (?P<between>[,:])
      | (?P<scalar>-?[0-9][0-9.eE+-]*+|[A-Za-z]++)
    )""",
    re.VERBOSE | re.DOTALL,
)
_WORDS = {
    "true": True,
    "false": False,
    "null": None,
    "True": True,
    "False": False,
    "None": None,
}
_STRAY_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = frozenset('"\\/bfnrtu')
_PAIRS = {"}": "{", "]": "["}


class Unproven(Exception):
    """The text cannot be read sign by sign. Says why, without content."""


def run_of(text: str) -> list[Item]:
    """The run of a damaged text, in linear time. Raises `Unproven`."""
    run: list[Item] = []
    opened: list[str] = []
    at, end = 0, len(text.rstrip(" \t\r\n"))
    while at < end:
        match = _SIGN.match(text, at)
        if match is None:
            raise Unproven("a quote or a sign stands where none belongs")
        at = match.end()
        if match["bracket"]:
            _balance(match["bracket"], opened)
        if not match["between"]:
            run.append(_item(match))
    if opened:
        raise Unproven("brackets are not balanced")
    return run


def run_of_value(value: Any) -> Iterator[Item]:
    """The run of a repaired value."""
    if isinstance(value, dict):
        yield "bracket", "{"
        for name, child in value.items():
            yield "name", name
            yield from run_of_value(child)
        yield "bracket", "}"
    elif isinstance(value, list):
        yield "bracket", "["
        for child in value:
            yield from run_of_value(child)
        yield "bracket", "]"
    else:
        yield type(value).__name__, value


def _balance(bracket: str, opened: list[str]) -> None:
    if bracket in "{[":
        opened.append(bracket)
    elif not opened or opened.pop() != _PAIRS[bracket]:
        raise Unproven("brackets are not balanced")


def _item(match: re.Match[str]) -> Item:
    if match["bracket"]:
        return "bracket", match["bracket"]
    if match["string"]:
        return "name" if match["colon"] else "str", _decoded(match["string"])
    value = _scalar(match["scalar"])
    return type(value).__name__, value


def _scalar(word: str) -> Any:
    if word in _WORDS:
        return _WORDS[word]
    try:
        return json.loads(word, parse_constant=_refuse)
    except ValueError:
        raise Unproven("a word stands outside quotes") from None


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _decoded(literal: str) -> str:
    try:
        return str(json.loads(_STRAY_ESCAPE.sub(_escape, literal), strict=False))
    except ValueError:
        raise Unproven("a string has an escape that cannot be read") from None


def _escape(match: re.Match[str]) -> str:
    """An apostrophe needs no escape. Any other stray one may be left over from a lost sign."""
    if match[1] == "'":
        return "'"
    if match[1] not in _ESCAPES:
        raise Unproven("a string has an escape that means nothing")
    return match[0]
