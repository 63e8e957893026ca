"""The template of a request line: its key, and the fence around the transcript in it.

All lines of an analysis have the same bytes except for the record id, the transcript and the output
limit. The constant bytes are encoded once; rendering a line joins them with those three.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
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
_NAMED = re.compile(r"\{\{([A-Za-z]\w*)\}\}", re.ASCII)
_FENCED = re.compile(r"<([\w.:-]*)\{\{record\}\}>(.*?)</\1\{\{record\}\}>", re.DOTALL)
"""What stands between two tags of one name, with the record id in both."""


def is_record_id(name: bytes) -> bool:
    """Return whether this is a record id: 32 lower-case hex digits."""
    return len(name) == ID_LENGTH and not name.strip(_HEX)


@dataclass(frozen=True, slots=True)
class Fence:
    """The text before and after the transcript in the user's turn.

    Both contain the record id. Speakers in a call cannot know it, so no transcript can close its
    own fence. Attributes divide a text into several; the record id stands between each of them and
    the transcript, so that no value can shift the transcript's ends.
    """

    before: tuple[tuple[bytes, ...], ...]
    """The texts before the transcript, each as its pieces between the record ids."""
    after: tuple[tuple[bytes, ...], ...]
    """The same for the texts after it."""

    @classmethod
    def of(cls, user: str, attributes: Collection[str] = ()) -> "Fence":
        """Read the fence from user.md. Raises `ValueError` when the transcript is not fenced."""
        before, *rest = user.split(TRANSCRIPT)
        if len(rest) != 1:
            raise ValueError(f"user.md: write {TRANSCRIPT} exactly once")
        if RECORD not in before or RECORD not in rest[0]:
            raise ValueError(f"user.md: write {RECORD} before and after {TRANSCRIPT}")
        for placeholder in _NAMED.findall(before + rest[0]):
            if placeholder != "record" and placeholder not in attributes:
                raise ValueError(
                    f"user.md: {{{{{placeholder}}}}} is neither {RECORD}, {TRANSCRIPT} nor an "
                    "attribute: name it in attributes of analysis.json, or remove it"
                )
        if "{{" in _NAMED.sub("", before + rest[0]):
            raise ValueError(f"user.md: remove placeholders other than {RECORD} and {TRANSCRIPT}")
        _check_fenced(user, attributes)
        divider = _divider(attributes)
        return cls(
            tuple(_pieces(text) for text in divider.split(before)),
            tuple(_pieces(text) for text in divider.split(rest[0])),
        )

    def open(self, text: bytes) -> tuple[str, bytes] | None:
        """Return record id and transcript of a fenced text; None for any other text."""
        start = len(self.before[0][0])
        record_id = text[start : start + ID_LENGTH]
        transcript = self._transcript(text, record_id) if is_record_id(record_id) else None
        return None if transcript is None else (record_id.decode(), transcript)

    def _transcript(self, text: bytes, record_id: bytes) -> bytes | None:
        first, last = record_id.join(self.before[0]), record_id.join(self.after[-1])
        if len(text) < len(first) + len(last):
            return None
        if not (text.startswith(first) and text.endswith(last)):
            return None
        start, end = len(first), len(text) - len(last)
        # Those next to the transcript contain the record id, and no value does: they occur once.
        for pieces in self.before[1:]:
            constant = record_id.join(pieces)
            found = text.find(constant, start, end)
            if found < 0:
                return None
            start = found + len(constant)
        for pieces in self.after[-2::-1]:
            end = text.rfind(record_id.join(pieces), start, end)
            if end < 0:
                return None
        return text[start:end]


def _check_fenced(user: str, attributes: Collection[str]) -> None:
    """Raise `ValueError` for an attribute that no tags with the record id enclose."""
    fenced = [match.span(2) for match in _FENCED.finditer(user)]
    transcript = user.index(TRANSCRIPT)
    for match in _NAMED.finditer(user):
        name, at = match[1], match.start()
        if name not in attributes:
            continue
        if not any(start <= at and match.end() <= end for start, end in fenced):
            raise ValueError(
                f"user.md: write {match[0]} between two tags with {RECORD}, such as "
                f"<{name}-{RECORD}>{match[0]}</{name}-{RECORD}>: without them its text could pass "
                "for an instruction"
            )
        between = user[match.end() : transcript] if at < transcript else user[transcript:at]
        if RECORD not in between:
            raise ValueError(
                f"user.md: write {RECORD} between {match[0]} and {TRANSCRIPT}: give each its own tags"
            )


def _divider(attributes: Collection[str]) -> re.Pattern[str]:
    """Return a pattern of the attributes' placeholders, without groups; of none it never matches."""
    return re.compile("|".join(re.escape(f"{{{{{name}}}}}") for name in attributes) or r"(?!)")


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
    attributes: tuple[str, ...] = ()
    """The attributes that the line contains, each once."""

    @classmethod
    def of(cls, line: str, user: str, attributes: Collection[str] = ()) -> "Template":
        """Take a request line with placeholders apart. Raises `ValueError`, naming the file."""
        encoded = line.encode() + b"\n"
        fence = Fence.of(user, attributes)
        used = tuple(dict.fromkeys(name for name in _NAMED.findall(user) if name in attributes))
        names = "|".join(("record", "transcript", *used))
        placeholder = re.compile(
            rf'\{{\{{(?:{names})\}}\}}|"\{{\{{max_output_tokens\}}\}}"'.encode()
        )
        found = tuple(placeholder.findall(encoded))
        return cls(tuple(placeholder.split(encoded)), found, fence, used)

    @property
    def attribute_copies(self) -> int:
        """How often the line contains an attribute, at most."""
        counts = (self.placeholders.count(_placeholder(name)) for name in self.attributes)
        return max(counts, default=0)

    def renderer(self) -> Callable[[bytes, bytes, int, tuple[bytes, ...]], bytes]:
        """Return a function from record id, transcript, output limit and attributes to a line.

        Texts are JSON literals without their quotes. The function is not thread-safe: it builds
        every line in one list.
        """
        names = [RECORD.encode(), TRANSCRIPT.encode(), f'"{_TOKENS}"'.encode()]
        numbers = {name: n for n, name in enumerate((*names, *map(_placeholder, self.attributes)))}
        in_order = itemgetter(*(numbers[each] for each in self.placeholders))
        digits = cache(lambda number: b"%d" % number)  # nearly all lines have the same limit
        line: list[bytes] = [b""] * (len(self.pieces) + len(self.placeholders))
        line[::2] = self.pieces

        def render(
            record_id: bytes, transcript: bytes, max_output_tokens: int, values: tuple[bytes, ...]
        ) -> bytes:
            line[1::2] = in_order((record_id, transcript, digits(max_output_tokens), *values))
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
        """Return the bytes of a line without transcript and attributes, at this output limit."""
        nothing = (b"",) * len(self.attributes)
        return len(self.renderer()(b"0" * ID_LENGTH, b"", largest_output_tokens, nothing))


def _placeholder(name: str) -> bytes:
    return f"{{{{{name}}}}}".encode()


def request_line(*, system: str, user: str, schema: Mapping[str, Any], thinking_level: str) -> str:
    """Write the request line with its placeholders. Raises `ValueError`, naming the file."""
    if not system or "{{" in system:
        raise ValueError("system.md: write an instruction, without any placeholder {{...}}")
    if _NAMED.search(json.dumps(schema, ensure_ascii=False)):
        raise ValueError("schema.json: remove the placeholder {{...}}: only user.md may have them")
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
