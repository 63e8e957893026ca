"""Read the fields of a prediction line that the typed decoder refused.

Such a line is either whole, with a field of an unexpected type, or broken. `read_partial_line`
takes each field by its exact path from the well-formed part before the break: the answer only
below `response`, never from the echoed request, and only from a list of parts that is complete.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import reduce
from typing import Any, NamedTuple

import msgspec

from analysis.reading.prediction_line import (
    Candidate,
    Content,
    EchoedContent,
    EchoedPart,
    EchoWithText,
    Feedback,
    Labels,
    Part,
    PredictionLineWithText,
    Response,
    Usage,
)
from analysis.strict_json import path_below, shortened

Path = tuple[str | int, ...]
"""Property names and list positions from the root to a value."""

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

_CANDIDATE: Path = ("response", "candidates", 0)
_PARTS: Path = (*_CANDIDATE, "content", "parts")
_COUNT = re.compile(r"[0-9]{1,15}")
_COUNTS = (
    "promptTokenCount",
    "cachedContentTokenCount",
    "thoughtsTokenCount",
    "candidatesTokenCount",
)


class Closed:
    """The value of an object or list that ended: everything inside it was read."""


CLOSED = Closed()


class BrokenJson(Exception):
    """The text is not well-formed from here on."""


class PartialLine(NamedTuple):
    """The fields of a line that could be read."""

    prediction: PredictionLineWithText
    is_whole: bool
    repeated: str | None
    """Path of the first property that is given twice; such a line is no answer."""


def read_partial_line(line: bytes) -> PartialLine:
    """Read the fields before the break; the first value of each counts."""
    values: dict[Path, Any] = {}
    # Bytes that are not UTF-8 become lone surrogates, which the schema check refuses in an answer.
    text = line.decode("utf-8", "surrogateescape")
    is_whole, repeated = False, None
    try:
        for path, value in values_of(text):
            if path in values and repeated is None:
                repeated = shortened(reduce(path_below, path, ""))
            values.setdefault(path, value)
        is_whole = True
    except (BrokenJson, RecursionError):
        pass
    return PartialLine(_prediction_line(values), is_whole, repeated)


def values_of(text: str) -> Iterator[tuple[Path, Any]]:
    """Yield path and value of each scalar, and `CLOSED` for each object or list that ends.

    Strings are yielded as JSON literals: most are never decoded. The parser stops at the first
    token that is out of place, so a path always belongs to its value. Raises `BrokenJson` after
    everything that could be read was yielded, unless the text is whole.
    """
    tokens = _tokens(text)
    yield from _value(next(tokens), tokens, ())
    if next(tokens) != "":
        raise BrokenJson


def _tokens(text: str) -> Iterator[str]:
    """Yield every token, then "" at a clean end. Raises `BrokenJson`."""
    at = 0
    for _ in range(_MAX_TOKENS):
        match = _TOKEN.match(text, at)
        if match is None:
            break
        at = match.end()
        yield match[match.lastgroup or 0]
    if text[at:].strip(" \t\r\n"):
        raise BrokenJson
    yield ""
    raise BrokenJson


def _value(lexeme: str, tokens: Iterator[str], path: Path) -> Iterator[tuple[Path, Any]]:
    if len(path) > _MAX_DEPTH or lexeme in {"", "}", "]", ",", ":"}:
        raise BrokenJson
    if lexeme == "{":
        yield from _object(tokens, path)
    elif lexeme == "[":
        yield from _array(tokens, path)
    else:
        yield path, lexeme


def _object(tokens: Iterator[str], path: Path) -> Iterator[tuple[Path, Any]]:
    lexeme = next(tokens)
    while lexeme != "}":
        name = _text(lexeme)
        if name is None or next(tokens) != ":":
            raise BrokenJson
        yield from _value(next(tokens), tokens, (*path, name))
        lexeme = _after_member(tokens, "}")
    yield path, CLOSED


def _array(tokens: Iterator[str], path: Path) -> Iterator[tuple[Path, Any]]:
    lexeme, index = next(tokens), 0
    while lexeme != "]":
        yield from _value(lexeme, tokens, (*path, index))
        lexeme, index = _after_member(tokens, "]"), index + 1
    yield path, CLOSED


def _after_member(tokens: Iterator[str], end: str) -> str:
    """Return the first token of the next member, or `end`."""
    lexeme = next(tokens)
    if lexeme == end:
        return end
    lexeme = next(tokens) if lexeme == "," else end
    if lexeme == end:
        raise BrokenJson
    return lexeme


def _text(value: object) -> str | None:
    """Decode a string literal; None for any other value."""
    if not isinstance(value, str) or not value.startswith('"'):
        return None
    try:
        decoded: str = json.loads(value)
    except ValueError:
        return None
    return decoded


def _prediction_line(values: Mapping[Path, Any]) -> PredictionLineWithText:
    def text(*path: str | int) -> str | None:
        return _text(values.get(path))

    echoed = text("request", "contents", 0, "parts", 0, "text")
    label = text("request", "labels", "record")
    return PredictionLineWithText(
        key=text("key"),
        custom_id=text("custom_id"),
        status=msgspec.Raw(_status(values).encode("utf-8", "replace")),
        request=EchoWithText(
            labels=Labels(label),
            contents=[EchoedContent([EchoedPart(echoed)])],
        ),
        response=_response(values),
    )


def _status(values: Mapping[Path, Any]) -> str:
    below = [value for path, value in values.items() if path[:1] == ("status",)]
    return " ".join(value for value in below if value is not CLOSED)


def _response(values: Mapping[Path, Any]) -> Response | None:
    below = {path: value for path, value in values.items() if path[:1] == ("response",)}
    if not below:
        return None
    counts = {name: _count(below.get(("response", "usageMetadata", name))) for name in _COUNTS}
    has_candidate = any(path[:3] == _CANDIDATE for path in below)
    block_reason = _text(below.get(("response", "promptFeedback", "blockReason")))
    return Response(
        candidates=[_candidate(below)] if has_candidate else None,
        promptFeedback=Feedback(block_reason) if block_reason else None,
        usageMetadata=Usage(**counts) if any(counts.values()) else None,
        modelVersion=_text(below.get(("response", "modelVersion"))),
    )


def _candidate(values: Mapping[Path, Any]) -> Candidate:
    are_parts_complete = values.get(_PARTS) is CLOSED
    return Candidate(
        content=Content(_parts(values)) if are_parts_complete else None,
        finishReason=_text(values.get((*_CANDIDATE, "finishReason"))),
    )


def _parts(values: Mapping[Path, Any]) -> list[Part] | None:
    """Return the parts in order; None when the text of one of them cannot be read."""
    at = len(_PARTS)
    names = {path[at] for path in values if path[:at] == _PARTS and len(path) > at}
    parts = []
    for index in sorted(name for name in names if isinstance(name, int)):
        literal = values.get((*_PARTS, index, "text"))
        text = _text(literal)
        if literal not in {None, "null"} and text is None:
            return None
        thought = values.get((*_PARTS, index, "thought"), "false") not in {"false", "null"}
        parts.append(Part(text=text, thought=thought))
    return parts


def _count(value: object) -> int | None:
    return int(value) if isinstance(value, str) and _COUNT.fullmatch(value) else None
