"""The JSON documents of a line: usually one, several where files were joined without a newline.

Of a document that breaks off, the well-formed part before the break is read: the answer only from a
list of parts that is complete.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

import msgspec

from analysis.strict_json import DuplicateKey, Members, lenient_decoder, repeated_path

_TOKEN = re.compile(
    r"""[ \t\r\n]*+(?:
        (?P<string>"[^"\\]*+(?:\\.[^"\\]*+)*+")
      | (?P<punctuation>[{}\[\],:])
      | (?P<scalar>-?[0-9][0-9.eE+-]*+|true|false|null|NaN|-?Infinity)
    )""",
    re.VERBOSE | re.DOTALL,
)
_MAX_TOKENS = 200_000
_MAX_DEPTH = 100
_LONGEST_NUMBER = 30
_UNIQUE = lenient_decoder(unique=True)
_MARKING = lenient_decoder(unique=False)
_BLANK = re.compile("[ \t\r\n\ufeff\x1e]*+")
"""Between documents, a byte order mark or a record separator is not text of its own."""
_LIST_END = re.compile(r"[ \t\r\n,\[\]]*+\Z")
"""What stands beside a document on a line of a JSON array that is written over several lines."""


class Document(NamedTuple):
    """One JSON document of a line."""

    value: Any
    is_whole: bool = True
    """False: this is what stands before the break."""
    repeated: str | None = None
    """Path of the first property that is given twice; such a document is no answer."""
    is_followed: bool = False
    """Text follows on the same line that is no document."""


class Elements(list[Any]):
    """A list of a broken document."""

    is_whole = False


def documents_of(line: bytes) -> Iterator[Document]:
    """Yield the documents of a line that is not blank, at least one."""
    if (value := _unique_object(line)) is not None:
        yield Document(value)
        return
    # Bytes that are not UTF-8 become lone surrogates, which the schema check refuses in an answer.
    text = line.decode("utf-8", "surrogateescape")
    at = _end_of_blank(text, 0)
    if at == len(text):
        yield Document(None, is_whole=False)
    while at < len(text):
        try:
            value, end, is_marked = _decoded(text, at)
        except (ValueError, RecursionError):
            value = well_formed_part(text[at:])
            yield Document(value, is_whole=False, repeated=repeated_path(value))
            return
        at = _end_of_blank(text, end)
        is_followed = at < len(text) and text[at] != "{"
        for element in value if isinstance(value, list) and value else [value]:
            repeated = repeated_path(element) if is_marked else None
            yield Document(element, repeated=repeated, is_followed=is_followed)
        if is_followed and _LIST_END.match(text, at):
            return


def _unique_object(line: bytes) -> dict[str, Any] | None:
    """Return the object of a line that is the same bytes when it is decoded and encoded again.

    Nothing was left out of it then: no property is given twice, and nothing follows.
    """
    try:
        value = msgspec.json.decode(line)
        is_unique = isinstance(value, dict) and msgspec.json.encode(value) == line
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    return value if is_unique else None


def _decoded(text: str, at: int) -> tuple[Any, int, bool]:
    """Return a document, its end, and whether a property is given twice in it."""
    try:
        return *_UNIQUE.raw_decode(text, at), False
    except DuplicateKey:
        return *_MARKING.raw_decode(text, at), True


def _end_of_blank(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at


class BrokenJson(Exception):
    """The text is not well-formed from here on."""


def well_formed_part(text: str) -> Any:
    """Read a document up to its break; None when nothing can be read."""
    found: list[Any] = []
    tokens = _tokens(text)
    with suppress(BrokenJson, StopIteration, RecursionError):
        _read(next(tokens), tokens, found.append, 0)
    return found[0] if found else None


def _tokens(text: str) -> Iterator[str]:
    at = 0
    for _ in range(_MAX_TOKENS):
        match = _TOKEN.match(text, at)
        if match is None:
            return
        at = match.end()
        yield match[match.lastgroup or 0]


def _read(lexeme: str, tokens: Iterator[str], store: Callable[[Any], None], depth: int) -> None:
    """Read one value. A container is stored before its content, so that a break leaves it there."""
    if depth > _MAX_DEPTH:
        raise BrokenJson
    if lexeme == "{":
        members = Members()
        store(members)
        lexeme = next(tokens)
        while lexeme != "}":
            name = _scalar(lexeme)
            if not isinstance(name, str) or next(tokens) != ":":
                raise BrokenJson
            _read(next(tokens), tokens, partial(members.add, name), depth + 1)
            lexeme = _next_member(tokens, "}")
    elif lexeme == "[":
        elements = Elements()
        store(elements)
        lexeme = next(tokens)
        while lexeme != "]":
            _read(lexeme, tokens, elements.append, depth + 1)
            lexeme = _next_member(tokens, "]")
        elements.is_whole = True
    else:
        store(_scalar(lexeme))


def _next_member(tokens: Iterator[str], end: str) -> str:
    """Return the first token of the next member, or `end`."""
    lexeme = next(tokens)
    if lexeme == end:
        return end
    lexeme = next(tokens) if lexeme == "," else end
    if lexeme == end:
        raise BrokenJson
    return lexeme


def _scalar(lexeme: str) -> Any:
    if lexeme in {"}", "]", ",", ":"}:
        raise BrokenJson
    if not lexeme.startswith('"') and len(lexeme) > _LONGEST_NUMBER:
        return None
    try:
        return json.loads(lexeme)
    except ValueError:
        raise BrokenJson from None
