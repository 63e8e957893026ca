"""A request line with its variable places cut out, and the fence around the transcript.

Every line of an analysis has the same bytes except for the record id, the transcript and the
output limit. What is constant is encoded once; a line is then a join of ready pieces.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any

from analysis.keys import ID_LENGTH, PREFIX, is_record_id

RECORD = "{{record}}"
TRANSCRIPT = "{{transcript}}"
_TOKENS = "{{max_output_tokens}}"
_PLACES = re.compile(rb'\{\{record\}\}|\{\{transcript\}\}|"\{\{max_output_tokens\}\}"')


@dataclass(frozen=True, slots=True)
class Fence:
    """What stands before and after the transcript in the user's turn.

    Both carry the record id, which nobody in the call can know: a text that pretends to close
    the fence cannot.
    """

    before: tuple[bytes, ...]
    """The pieces between record ids; an id joins them."""
    after: tuple[bytes, ...]

    @classmethod
    def of(cls, user: str) -> "Fence":
        """Raises `ValueError` when the template does not fence the transcript."""
        before, *rest = user.split(TRANSCRIPT)
        if len(rest) != 1:
            raise ValueError(f"user.md: write {TRANSCRIPT} exactly once")
        if RECORD not in before or RECORD not in rest[0]:
            raise ValueError(f"user.md: write {RECORD} before and after {TRANSCRIPT}")
        if "{{" in (before + rest[0]).replace(RECORD, ""):
            raise ValueError(f"user.md: only {RECORD} and {TRANSCRIPT} can be filled in")
        return cls(_pieces(before), _pieces(rest[0]))

    def open(self, text: bytes) -> tuple[str, bytes] | None:
        """Record id and transcript of a fenced text, byte for byte; None for any other text."""
        start = len(self.before[0])
        record_id = text[start : start + ID_LENGTH]
        inside = self.inside(text, record_id) if is_record_id(record_id) else None
        return None if inside is None else (record_id.decode(), inside)

    def inside(self, text: bytes, record_id: bytes) -> bytes | None:
        """The transcript of a text that is fenced with this id; None for any other text."""
        before, after = record_id.join(self.before), record_id.join(self.after)
        if len(text) < len(before) + len(after):
            return None
        if not (text.startswith(before) and text.endswith(after)):
            return None
        return text[len(before) : len(text) - len(after)]


def _pieces(text: str) -> tuple[bytes, ...]:
    return tuple(text.encode().split(RECORD.encode()))


@dataclass(frozen=True, slots=True)
class Template:
    """The constant bytes of a request line, and the order of what goes between them."""

    pieces: tuple[bytes, ...]
    places: tuple[bytes, ...]
    fence: Fence

    @classmethod
    def of(
        cls, *, system: str, user: str, schema: Mapping[str, Any], thinking_level: str
    ) -> "Template":
        """Raises `ValueError`, naming the file, when a text cannot be a template."""
        if not system or "{{" in system:
            raise ValueError("system.md: it must say something, and nothing is filled in there")
        line = _line(system, user, schema, thinking_level)
        encoded = json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        fence = Fence.of(user)
        return cls(tuple(_PLACES.split(encoded)), tuple(_PLACES.findall(encoded)), fence)

    def renderer(self) -> Callable[[bytes, bytes, int], bytes]:
        """Makes lines of record id, transcript (escaped, without its quotes) and output limit.

        Not to be shared between threads: a line is put together in one list, again and again.
        """
        numbers = {RECORD.encode(): 0, TRANSCRIPT.encode(): 1, f'"{_TOKENS}"'.encode(): 2}
        in_order = itemgetter(*(numbers[place] for place in self.places))
        digits = cache(lambda number: b"%d" % number)  # nearly every line has the same
        line: list[bytes] = [b""] * (len(self.pieces) + len(self.places))
        line[::2] = self.pieces

        def render(record_id: bytes, transcript: bytes, max_output_tokens: int) -> bytes:
            line[1::2] = in_order((record_id, transcript, digits(max_output_tokens)))
            return b"".join(line)

        return render

    def recogniser(self) -> Callable[[bytes], bytes | None]:
        """Finds the record id of a line that begins and ends as the template does, else None."""
        head, before, tail = self.pieces[0], self.pieces[-2], self.pieces[-1]
        start, over = len(head), len(head) + ID_LENGTH

        def record_of(line: bytes) -> bytes | None:
            record_id = line[start:over]
            if not (line.startswith(head) and line.endswith(before + record_id + tail)):
                return None
            return record_id if is_record_id(record_id) else None

        return record_of

    def overhead(self, largest_output_tokens: int) -> int:
        """Bytes of a line beside the escaped transcript, at the widest output limit."""
        return len(self.renderer()(b"0" * ID_LENGTH, b"", largest_output_tokens))


def _line(system: str, user: str, schema: Mapping[str, Any], thinking: str) -> dict[str, Any]:
    # No temperature, topP or topK: Gemini 3 ignores them.
    return {
        "key": PREFIX + RECORD,
        "request": {
            "contents": [{"role": "user", "parts": [{"text": user}]}],
            "systemInstruction": {"parts": [{"text": system}]},
            "generationConfig": {
                "responseMimeType": "application/json",
                "responseSchema": schema,
                "maxOutputTokens": _TOKENS,
                "thinkingConfig": {"thinkingLevel": thinking},
            },
            "labels": {"record": PREFIX + RECORD},
        },
    }
