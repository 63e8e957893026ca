"""Check that a repair lost nothing: the damaged text and the repaired value have equal items.

Items are brackets, property names and values, in order. `items_of_text` reads them token by token
from the damaged text, `items_of_value` from the repaired object. When both lists are equal, the
repair changed only commas, colons and the blanks between them.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

Item = tuple[str, Any]
"""Kind (`bracket`, `name` or the value's type) and value."""

_TOKEN = re.compile(
    r"""[ \t\r\n]*+(?:
        (?P<string>"[^"\\]*+(?:\\.[^"\\]*+)*+")(?P<colon>[ \t\r\n]*+:)?
      | (?P<bracket>[{}\[\]])
      | (?P<separator>[,:])
      | (?P<scalar>-?[0-9][0-9.eE+-]*+|[A-Za-z]++)
    )""",
    re.VERBOSE | re.DOTALL,
)
_CONSTANTS = {
    "true": True,
    "false": False,
    "null": None,
    "True": True,
    "False": False,
    "None": None,
}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_VALID_ESCAPES = frozenset('"\\/bfnrtu')
_PAIRS = {"}": "{", "]": "["}


class RepairUnproven(Exception):
    """It is not certain that a repair lost nothing. The message has no content of the answer."""


def items_of_text(text: str) -> list[Item]:
    """Read the items of a damaged text, in linear time. Raises `RepairUnproven`."""
    items: list[Item] = []
    opened: list[str] = []
    at, end = 0, len(text.rstrip(" \t\r\n"))
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise RepairUnproven("a quote or a character is out of place")
        at = match.end()
        if match["bracket"]:
            _balance(match["bracket"], opened)
        if not match["separator"]:
            items.append(_item(match))
    if opened:
        raise RepairUnproven("brackets are not balanced")
    return items


def items_of_value(value: Any) -> Iterator[Item]:
    """Yield the items of a repaired value."""
    if isinstance(value, dict):
        yield "bracket", "{"
        for name, child in value.items():
            yield "name", name
            yield from items_of_value(child)
        yield "bracket", "}"
    elif isinstance(value, list):
        yield "bracket", "["
        for child in value:
            yield from items_of_value(child)
        yield "bracket", "]"
    else:
        yield type(value).__name__, value


def _balance(bracket: str, opened: list[str]) -> None:
    if bracket in "{[":
        opened.append(bracket)
    elif not opened or opened.pop() != _PAIRS[bracket]:
        raise RepairUnproven("brackets are not balanced")


def _item(match: re.Match[str]) -> Item:
    if match["bracket"]:
        return "bracket", match["bracket"]
    if match["string"]:
        return "name" if match["colon"] else "str", _decoded(match["string"])
    value = _scalar(match["scalar"])
    return type(value).__name__, value


def _scalar(word: str) -> Any:
    if word in _CONSTANTS:
        return _CONSTANTS[word]
    try:
        return _decode(word)
    except ValueError:
        raise RepairUnproven("a word is outside quotes") from None


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


_decode = json.JSONDecoder(strict=False, parse_constant=_refuse).decode


def _decoded(literal: str) -> str:
    try:
        return str(_decode(_ESCAPE.sub(_checked_escape, literal)))
    except ValueError:
        raise RepairUnproven("a string has an escape that cannot be decoded") from None


def _checked_escape(match: re.Match[str]) -> str:
    """Return a valid escape as it is, and an escaped apostrophe without its backslash.

    Models often escape apostrophes. Any other invalid escape may be the rest of a lost character.
    """
    if match[1] == "'":
        return "'"
    if match[1] not in _VALID_ESCAPES:
        raise RepairUnproven("a string has an invalid escape")
    return match[0]
