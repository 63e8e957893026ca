"""Reads a JSON text as far as it is well-formed: every complete scalar with its exact path.

Nothing is guessed. The scan ends at the first sign that does not belong where it stands, so a
path is never that of another place, whatever the text contains.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

Path = tuple[str | int, ...]

_TOKEN = re.compile(
    r"""[ \t\r\n]*+(?:
        (?P<string>"[^"\\]*+(?:\\.[^"\\]*+)*+")
      | (?P<sign>[{}\[\],:])
      | (?P<scalar>-?[0-9][0-9.eE+-]*+|true|false|null|NaN|-?Infinity)
    )""",
    re.VERBOSE | re.DOTALL,
)
_MOST_TOKENS = 200_000
_DEEPEST = 100


class Closed:
    """Takes the place of a value when a container ended: all that it held was seen."""


CLOSED = Closed()


class Broken(Exception):
    """The text is not well-formed from here on."""


def scan(text: str) -> Iterator[tuple[Path, Any]]:
    """Path and value of each scalar, and `CLOSED` for each container that ends.

    A string is given as its JSON literal, so that nobody decodes what nobody wants. Raises
    `Broken` after everything that could be read was given, unless the text was whole.
    """
    tokens = _tokens(text)
    yield from _value(next(tokens), tokens, ())
    if next(tokens) != "":
        raise Broken


def literal(value: object) -> str | None:
    """The text of a string literal given by `scan`; None when it is none."""
    if not isinstance(value, str) or not value.startswith('"'):
        return None
    try:
        decoded: str = json.loads(value)
    except ValueError:
        return None
    return decoded


def _tokens(text: str) -> Iterator[str]:
    """Every token, then "" at a clean end. Raises `Broken`."""
    at = 0
    for _ in range(_MOST_TOKENS):
        match = _TOKEN.match(text, at)
        if match is None:
            break
        at = match.end()
        yield match[match.lastgroup or 0]
    if text[at:].strip(" \t\r\n"):
        raise Broken
    yield ""
    raise Broken


def _value(sign: str, tokens: Iterator[str], path: Path) -> Iterator[tuple[Path, Any]]:
    if len(path) > _DEEPEST or sign in {"", "}", "]", ",", ":"}:
        raise Broken
    if sign == "{":
        yield from _object(tokens, path)
    elif sign == "[":
        yield from _array(tokens, path)
    else:
        yield path, sign


def _object(tokens: Iterator[str], path: Path) -> Iterator[tuple[Path, Any]]:
    sign = next(tokens)
    while sign != "}":
        name = literal(sign)
        if name is None or next(tokens) != ":":
            raise Broken
        yield from _value(next(tokens), tokens, (*path, name))
        sign = _after_member(tokens, "}")
    yield path, CLOSED


def _array(tokens: Iterator[str], path: Path) -> Iterator[tuple[Path, Any]]:
    sign, index = next(tokens), 0
    while sign != "]":
        yield from _value(sign, tokens, (*path, index))
        sign, index = _after_member(tokens, "]"), index + 1
    yield path, CLOSED


def _after_member(tokens: Iterator[str], end: str) -> str:
    """The sign that begins the next member, or `end`."""
    sign = next(tokens)
    if sign == end:
        return end
    sign = next(tokens) if sign == "," else end
    if sign == end:
        raise Broken
    return sign
