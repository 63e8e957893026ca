"""The template of a request line: its key, and the fence around the transcript in it.

All lines of an analysis have the same bytes except for the record id, the transcript and the output
limit. The constant bytes are encoded once; rendering a line joins them with those three.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any

KEY_PREFIX = "k-"
"""Before the record id in a key: Vertex AI's importer reads a key of digits as a number."""

ID_LENGTH = 32
_HEX = b"0123456789abcdef"

RECORD = "{{record}}"
TRANSCRIPT = "{{transcript}}"
_TOKENS = "{{max_output_tokens}}"
_PLACEHOLDER = re.compile(rb'\{\{record\}\}|\{\{transcript\}\}|"\{\{max_output_tokens\}\}"')


def is_record_id(name: bytes) -> bool:
    """Return whether this is a record id: 32 lower-case hex digits."""
    return len(name) == ID_LENGTH and not name.strip(_HEX)


@dataclass(frozen=True, slots=True)
class Fence:
    """The text before and after the transcript in the user's turn.

    Both contain the record id. Speakers in a call cannot know it, so no transcript can close its
    own fence.
    """

    before: tuple[bytes, ...]
    """The pieces of the text before the transcript, split at the record ids."""
    after: tuple[bytes, ...]
    """The same for the text after it."""

    @classmethod
    def of(cls, user: str) -> "Fence":
        """Read the fence from user.md. Raises `ValueError` when the transcript is not fenced."""
        before, *rest = user.split(TRANSCRIPT)
        if len(rest) != 1:
            raise ValueError(f"user.md: write {TRANSCRIPT} exactly once")
        if RECORD not in before or RECORD not in rest[0]:
            raise ValueError(f"user.md: write {RECORD} before and after {TRANSCRIPT}")
        if "{{" in (before + rest[0]).replace(RECORD, ""):
            raise ValueError(f"user.md: remove placeholders other than {RECORD} and {TRANSCRIPT}")
        return cls(_pieces(before), _pieces(rest[0]))

    def open(self, text: bytes) -> tuple[str, bytes] | None:
        """Return record id and transcript of a fenced text; None for any other text."""
        start = len(self.before[0])
        record_id = text[start : start + ID_LENGTH]
        transcript = self._transcript(text, record_id) if is_record_id(record_id) else None
        return None if transcript is None else (record_id.decode(), transcript)

    def _transcript(self, text: bytes, record_id: bytes) -> bytes | None:
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
    """The constant bytes of a request line, and the placeholders between them."""

    pieces: tuple[bytes, ...]
    """One more than placeholders."""
    placeholders: tuple[bytes, ...]
    """In the order of the line."""
    fence: Fence

    @classmethod
    def of(cls, line: str, user: str) -> "Template":
        """Take a request line with placeholders apart. Raises `ValueError`, naming the file."""
        encoded = line.encode() + b"\n"
        fence = Fence.of(user)
        return cls(tuple(_PLACEHOLDER.split(encoded)), tuple(_PLACEHOLDER.findall(encoded)), fence)

    def renderer(self) -> Callable[[bytes, bytes, int], bytes]:
        """Return a function from record id, transcript and output limit to a line.

        The transcript is a JSON literal without its quotes. The function is not thread-safe: it
        builds every line in one list.
        """
        numbers = {RECORD.encode(): 0, TRANSCRIPT.encode(): 1, f'"{_TOKENS}"'.encode(): 2}
        in_order = itemgetter(*(numbers[each] for each in self.placeholders))
        digits = cache(lambda number: b"%d" % number)  # nearly all lines have the same limit
        line: list[bytes] = [b""] * (len(self.pieces) + len(self.placeholders))
        line[::2] = self.pieces

        def render(record_id: bytes, transcript: bytes, max_output_tokens: int) -> bytes:
            line[1::2] = in_order((record_id, transcript, digits(max_output_tokens)))
            return b"".join(line)

        return render

    def matcher(self) -> Callable[[bytes], bytes | None]:
        """Return a function from a line of this template to its record id; None for other lines."""
        head, before, tail = self.pieces[0], self.pieces[-2], self.pieces[-1]
        start, over = len(head), len(head) + ID_LENGTH

        def record_of(line: bytes) -> bytes | None:
            record_id = line[start:over]
            if not (line.startswith(head) and line.endswith(before + record_id + tail)):
                return None
            return record_id if is_record_id(record_id) else None

        return record_of

    def overhead(self, largest_output_tokens: int) -> int:
        """Return the bytes of a line without its transcript, at this output limit."""
        return len(self.renderer()(b"0" * ID_LENGTH, b"", largest_output_tokens))


def request_line(*, system: str, user: str, schema: Mapping[str, Any], thinking_level: str) -> str:
    """Write the request line with its placeholders. Raises `ValueError`, naming the file."""
    if not system or "{{" in system:
        raise ValueError("system.md: write an instruction, without any placeholder {{...}}")
    line = _line(system, user, schema, thinking_level)
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def _line(system: str, user: str, schema: Mapping[str, Any], thinking: str) -> dict[str, Any]:
    # No temperature, topP or topK: Gemini 3 ignores them.
    return {
        "key": KEY_PREFIX + RECORD,
        "request": {
            "contents": [{"role": "user", "parts": [{"text": user}]}],
            "systemInstruction": {"parts": [{"text": system}]},
            "generationConfig": {
                "responseMimeType": "application/json",
                "responseSchema": schema,
                "maxOutputTokens": _TOKENS,
                "thinkingConfig": {"thinkingLevel": thinking},
            },
            "labels": {"record": KEY_PREFIX + RECORD},
        },
    }
