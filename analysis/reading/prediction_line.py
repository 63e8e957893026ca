"""The lines of a prediction file: split, typed, and the key of each.

A `PlainLine` is a line without anything unusual. Every other line is decoded as a
`PredictionLine`, which skips the fields that the reader does not use. Lines that neither type
accepts are read by `partial_json`.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

import msgspec

from analysis.template import ID_LENGTH, KEY_PREFIX

LONGEST_LINE = 64 * 1024 * 1024
"""Bytes. Far above the size of a prediction line with the largest transcript."""

TOO_LONG = b"\x00too long"
"""Yielded in place of a line over the limit. It is not JSON, so it is read as an error."""

_RECORD_KEY = re.compile(rf"{KEY_PREFIX}([0-9a-f]{{{ID_LENGTH}}})")
_MAX_COMPOSITE_KEY = 1024
"""Characters."""

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Part(msgspec.Struct, frozen=True, gc=False):
    text: str | None = None
    thought: bool | None = None


class Content(msgspec.Struct, frozen=True, gc=False):
    parts: list[Part] | None = None


class Candidate(msgspec.Struct, frozen=True, gc=False):
    content: Content | None = None
    finishReason: str | None = None  # noqa: N815 - Vertex AI's spelling


class Feedback(msgspec.Struct, frozen=True, gc=False):
    blockReason: str | None = None  # noqa: N815


class Usage(msgspec.Struct, frozen=True, gc=False):
    promptTokenCount: Count | None = None  # noqa: N815
    cachedContentTokenCount: Count | None = None  # noqa: N815
    thoughtsTokenCount: Count | None = None  # noqa: N815
    candidatesTokenCount: Count | None = None  # noqa: N815


class Response(msgspec.Struct, frozen=True, gc=False):
    candidates: list[Candidate] | None = None
    promptFeedback: Feedback | None = None  # noqa: N815
    usageMetadata: Usage | None = None  # noqa: N815
    modelVersion: str | None = None  # noqa: N815


class Labels(msgspec.Struct, frozen=True, gc=False):
    record: str | None = None


class Echo(msgspec.Struct, frozen=True, gc=False):
    """The echoed request without its text."""

    labels: Labels | None = None


class EchoedPart(msgspec.Struct, frozen=True, gc=False):
    text: str | None = None


class EchoedContent(msgspec.Struct, frozen=True, gc=False):
    parts: list[EchoedPart] | None = None


class EchoWithText(Echo, frozen=True, gc=False):
    contents: list[EchoedContent] | None = None


class PredictionLine(msgspec.Struct, frozen=True, gc=False):
    """A line, decoded as far as the reader needs it."""

    key: str | int | float | None = None
    custom_id: str | int | float | None = None
    status: msgspec.Raw = msgspec.Raw(b"")
    request: Echo | None = None
    response: Response | None = None


class PredictionLineWithText(PredictionLine, frozen=True, gc=False):
    request: EchoWithText | None = None


class PlainPart(msgspec.Struct, frozen=True, gc=False):
    text: msgspec.Raw
    """The literal of the answer's text, so that the rest of the line can be checked without it."""
    thought: None = None


class PlainContent(msgspec.Struct, frozen=True, gc=False):
    parts: tuple[PlainPart]


class PlainCandidate(msgspec.Struct, frozen=True, gc=False):
    content: PlainContent
    finishReason: Literal["STOP"]  # noqa: N815


class PlainResponse(msgspec.Struct, frozen=True, gc=False):
    candidates: tuple[PlainCandidate]
    usageMetadata: Usage = Usage()  # noqa: N815
    modelVersion: str | None = None  # noqa: N815
    promptFeedback: None = None  # noqa: N815


class PlainLine(msgspec.Struct, frozen=True, gc=False):
    """A line with one finished answer of one part; a placeholder replaces the echoed request."""

    status: Literal[""]
    request: str
    """The placeholder."""
    response: PlainResponse
    key: str
    custom_id: None = None


def echoed_text(prediction: PredictionLine) -> str | None:
    """Return the text of the echoed request; None when it was not decoded or has another shape."""
    request = prediction.request
    if not isinstance(request, EchoWithText) or not request.contents:
        return None
    parts = request.contents[0].parts
    return parts[0].text if parts else None


def answer_text(candidate: Candidate) -> str:
    """Join all parts of the answer except thoughts; empty when there is no text."""
    parts = candidate.content.parts if candidate.content else None
    if parts and len(parts) == 1 and not parts[0].thought:
        return parts[0].text or ""
    return "".join(part.text or "" for part in parts or () if not part.thought)


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
