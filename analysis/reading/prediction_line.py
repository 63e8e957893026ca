"""The lines of a prediction file: split, typed, and the key of each.

A line is read by name, in any of the spellings that services write, as a `PredictionLine`; for lines
without anything unusual there is `usual_line`.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import msgspec

from analysis.reading.documents import Elements
from analysis.strict_json import DuplicateKey, InvalidJson, parse
from analysis.template import ID_LENGTH, KEY_PREFIX

LONGEST_LINE = 64 * 1024 * 1024
"""Bytes. Far above the size of a prediction line with the largest transcript."""

TOO_LONG = b"\x00too long"
"""Yielded in place of a line over the limit. It is not JSON, so it is read as an error."""

_RECORD_KEY = re.compile(rf"{KEY_PREFIX}([0-9a-f]{{{ID_LENGTH}}})")
_MAX_COMPOSITE_KEY = 1024
"""Characters."""

_MAX_COUNT = 2**53
_COUNT = re.compile(r"[0-9]{1,16}", re.ASCII)
_PROPERTIES = frozenset({"key", "custom_id", "status", "request", "response", "error"})
_COUNTS = (
    "promptTokenCount",
    "cachedContentTokenCount",
    "thoughtsTokenCount",
    "candidatesTokenCount",
)

_SNAKE_CASE = {
    name: re.sub("([A-Z])", r"_\1", name).lower()
    for name in (
        "customId", "promptFeedback", "blockReason", "finishReason", "modelVersion",
        "usageMetadata", *_COUNTS,
    )
}  # fmt: skip


class PredictionLine(msgspec.Struct, frozen=True, gc=False):
    """What the reader uses of a line, whatever its spelling."""

    keys: tuple[str | int | float | None, ...]
    """Key, custom id, and the label in the echoed request."""
    echoed: str | None
    """Text of the echoed request."""
    errors: tuple[Any, ...]
    """What stands where the service puts its errors: status, error, and the response's error."""
    is_prediction: bool
    """Whether the document has any property of a prediction line."""
    response: Mapping[str, Any]
    candidate: Mapping[str, Any]
    block_reason: object
    finish_reason: object
    text: str | None
    """The answer; None when a part of it cannot be read."""
    model: object
    tokens: tuple[int | None, int | None, int | None, int | None]
    """Prompt, cached, thoughts, output."""


def prediction_line(document: object) -> PredictionLine:
    """Read a line's document. Raises `DuplicateKey` for a property in both spellings."""
    line = document if isinstance(document, dict) else {}
    request, response = _object(line.get("request")), _object(line.get("response"))
    candidate = _object(_first(response.get("candidates")))
    content = _object(_first(request.get("contents")))
    echoed = _object(_first(content.get("parts"))).get("text")
    feedback = _object(_member(response, "promptFeedback"))
    usage = _object(_member(response, "usageMetadata"))
    reason = _member(candidate, "finishReason")
    return PredictionLine(
        keys=(
            _key(line.get("key")),
            _key(_member(line, "customId")),
            _key(_object(request.get("labels")).get("record")),
        ),
        echoed=echoed if isinstance(echoed, str) else None,
        errors=(line.get("status"), line.get("error"), response.get("error")),
        is_prediction=not _PROPERTIES.isdisjoint(line),
        response=response,
        candidate=candidate,
        block_reason=_member(feedback, "blockReason"),
        finish_reason=_member(response, "finishReason") if reason is None else reason,
        text=_answer_text(_object(candidate.get("content")).get("parts")),
        model=_member(response, "modelVersion"),
        tokens=tuple(_count(_member(usage, name)) for name in _COUNTS),  # type: ignore[arg-type] # as many as `_COUNTS`
    )


def _member(value: Mapping[str, Any], name: str) -> Any:
    """Return a property in the spelling of JSON (`finishReason`) or of Python (`finish_reason`)."""
    other = _SNAKE_CASE[name]
    if other not in value:
        return value.get(name)
    if name in value:
        raise DuplicateKey(name)
    return value[other]


def _object(value: object) -> Mapping[str, Any]:
    """Return an object, also one that is given as JSON in a text; an empty one for other values."""
    if isinstance(value, dict):
        return value
    if isinstance(value, str) and value.startswith("{"):
        with suppress(InvalidJson):
            return _object(parse(value))
    return {}


def _first(value: object) -> object:
    """Return the first element of a list; what is no list stands for its only element."""
    if isinstance(value, list):
        return value[0] if value else None
    return value


def _answer_text(parts: object) -> str | None:
    """Join the texts of all parts except thoughts; None when one of them cannot be read."""
    if isinstance(parts, Elements) and not parts.is_whole:
        return ""  # of a broken line, in which a part may be missing
    texts = list[str]()
    for part in parts if isinstance(parts, list) else [] if parts is None else [parts]:
        text = part.get("text") if isinstance(part, dict) else part
        if isinstance(part, dict) and part.get("thought"):
            continue
        if isinstance(text, str):
            texts.append(text)
        elif text is not None:
            return None
    return "".join(texts)


def _key(value: object) -> str | int | float | None:
    if isinstance(value, str):
        return value
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _count(value: object) -> int | None:
    """Return a number of tokens, also one that is given as text."""
    if isinstance(value, str) and _COUNT.fullmatch(value):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_COUNT:
        return value
    return None


def record_id_of(key: object) -> str | None:
    """Return the record id in a key of this system; None for any other value."""
    if not isinstance(key, str):
        return None
    match = _RECORD_KEY.fullmatch(key)
    return match[1] if match else None


def composite_key(text: str) -> tuple[str, str] | None:
    """Return phone token and interaction id of a key of the earlier system; None for other text.

    Such a key is base64(phone token) + "|" + interaction id. This system reads it and never
    writes it.
    """
    token, bar, interaction_id = text.partition("|")
    if not (token and bar and interaction_id) or len(text) > _MAX_COMPOSITE_KEY:
        return None
    try:
        return base64.b64decode(token, validate=True).decode("utf-8"), interaction_id
    except (binascii.Error, ValueError):
        return None


def fingerprint(text: str | bytes) -> str:
    """Return the SHA-256 of the text's UTF-8 bytes in lower-case hex: TO_HEX(SHA256(text))."""
    encoded = text if isinstance(text, bytes) else text.encode("utf-8")
    return hashlib.sha256(encoded).hexdigest()


def lines_of(blocks: Iterable[bytes], longest: int = LONGEST_LINE) -> Iterator[bytes]:
    """Yield the lines of a file given in blocks of any size, without their newlines.

    A last line without a newline counts. A line of more than `longest` bytes is not kept:
    `TOO_LONG` is yielded in its place, so that line numbers stay correct.
    """
    partial = _PartialLine(longest)
    for block in blocks:
        # One line at a time: splitting a whole block at once costs four times as much.
        start, end = 0, block.find(b"\n")
        while end >= 0:
            if partial.size or end - start > longest:
                partial.add(block[start:end])
                yield partial.end()
            else:
                yield block[start:end]
            start = end + 1
            end = block.find(b"\n", start)
        partial.add(block[start:])
    if partial.size:
        yield partial.end()


class _PartialLine:
    """A line whose end is not read yet, in pieces: joining for each block is quadratic."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._pieces: list[bytes] = []
        self.size = 0

    def add(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.size <= self._longest:
            self._pieces.append(piece)
        else:
            self._pieces.clear()

    def end(self) -> bytes:
        line = b"".join(self._pieces) if self.size <= self._longest else TOO_LONG
        self._pieces.clear()
        self.size = 0
        return line
