"""The bytes that the lines of one file have in common, learned from a line that was read in full.

Services write the lines of a file alike: they differ in the echoed text, the answer's text and a few
short values. A later line that has the same bytes around these is the same JSON with other values: it
has each property once, as the learned line does, so only its two texts are parsed.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from analysis.template import ID_LENGTH, KEY_PREFIX

SLOTS = (
    "record", "key", "modelVersion", "promptTokenCount", "cachedContentTokenCount",
    "thoughtsTokenCount", "candidatesTokenCount",
)  # fmt: skip
"""Groups of the match of a line: the record id of a key of ours, or another key, and the others."""
_STRING = r"[ !#-\[\]-~]*+"
_NUMBER = r"-?(?:0|[1-9][0-9]{0,15}+)(?:\.[0-9]{1,20}+)?+(?:[eE][+-]?[0-9]{1,2}+)?+"
_KNOWN: dict[str, Any] = {
    "key": rf'"(?:{KEY_PREFIX}(?P<record>[0-9a-f]{{{ID_LENGTH}}})|(?P<key>{_STRING}))"',
    "status": '""',
    "request": "",
    "response": {
        "candidates": [{"content": {"parts": [{"text": ""}]}, "finishReason": '"STOP"'}],
        "usageMetadata": {name: f"(?P<{name}>0|[1-9][0-9]{{0,14}}+)" for name in SLOTS[3:]},
        "modelVersion": f'"(?P<modelVersion>{_STRING})"',
    },
}
"""Patterns of what the reader uses of a line. Request and text are cut out of it before."""
_UNUSUAL = frozenset(
    {
        "custom_id", "customId", "error", "thought", "promptFeedback", "prompt_feedback",
        "finish_reason", "usage_metadata", "model_version", "prompt_token_count",
        "cached_content_token_count", "thoughts_token_count", "candidates_token_count",
    }
)  # fmt: skip
"""Names that change how a line is read."""
_LONGEST = 4096
"""Characters of the pattern of a line without its texts and its request."""
_SEPARATORS = ((",", ":"), (", ", ": "))
_HEAD = 48
"""Bytes by which the end of the echoed text is recognised."""
_PROBE = b'"a text that no request has"'
_BEHIND = re.compile(rb'[^"]*+(?:"[^"\\]*+":)?')
"""From a text to the end of the name that follows it."""

Cut = tuple[bytes | None, bytes | None, bytes, re.Match[bytes]]
"""Record id in the echo, literals of the echoed text and of the answer's, and the `SLOTS`.

The caller parses both literals: only that proves that each is one.
"""
LineTemplate = Callable[[bytes], Cut | None]
"""Cuts a line into its variable parts; None when it has other bytes around them."""


class _Part(msgspec.Struct, frozen=True, gc=False):
    text: msgspec.Raw


class _Content(msgspec.Struct, frozen=True, gc=False):
    parts: list[_Part]


class _Request(msgspec.Struct, frozen=True, gc=False):
    contents: list[_Content]


class _Candidate(msgspec.Struct, frozen=True, gc=False):
    content: _Content
    finishReason: Literal["STOP"]  # noqa: N815


class _Response(msgspec.Struct, frozen=True, gc=False):
    candidates: tuple[_Candidate]


class _Line(msgspec.Struct, frozen=True, gc=False):
    key: str
    response: _Response
    request: msgspec.Raw = msgspec.Raw()


def learn_line(line: bytes, document: Mapping[str, Any], record_id: str) -> LineTemplate | None:
    """Learn from a line of this record in which no property is given twice; None if it is unusual."""
    for comma, colon in _SEPARATORS:
        try:
            template = _template(line, document, record_id, comma, colon)
            if template(line) is not None:
                return template
        except (msgspec.MsgspecError, UnicodeError, RecursionError, IndexError, ValueError):
            continue
    return None


def _template(
    line: bytes, document: Mapping[str, Any], record_id: str, comma: str, colon: str
) -> LineTemplate:
    typed = msgspec.json.decode(line, type=_Line)
    echo, answer = bytes(typed.request), bytes(typed.response.candidates[0].content.parts[0].text)
    before, (first, *others) = _around_text(echo, record_id) if echo else (b"", [b"}"])
    name, text_name = f'"request"{colon}'.encode(), f'"text"{colon}'.encode()
    behind = _BEHIND.match(line.partition(text_name + answer)[2])
    pattern = _pattern(document, _KNOWN, comma, colon)
    if not behind or len(pattern) > _LONGEST:
        raise ValueError("the line has no answer, or much beside it")
    last = b'"' + behind[0]
    absent = "".join(f"(?P<{slot}>(?!))?" for slot in SLOTS if f"<{slot}>" not in pattern)
    match = re.compile((pattern + absent + r"[ \t\r\n]*+").encode()).fullmatch
    head, brace = first[:_HEAD], first.index(b"}")
    name_size, before_size, first_size, text_size = map(len, (name, before, first, text_name))

    def cut(line: bytes) -> Cut | None:
        echoed_id = echoed = None
        start = at = 0
        if echo:
            start = line.find(name) + name_size
            text = start + before_size
            # A brace is rare in speech, and quickly found.
            end = line.find(b"}", text) - brace
            if not line.startswith(first, end):
                end = line.find(head, text)
                if not line.startswith(first, end):
                    return None
            if end <= text or not line.startswith(before, start):
                return None
            at, echoed = end + first_size, line[text : end + 1]
            if others:
                echoed_id = line[at : at + ID_LENGTH]
                for piece in others:
                    if not line.startswith(echoed_id + piece, at):
                        return None
                    at += ID_LENGTH + len(piece)
        text = line.find(text_name, at) + text_size
        end = line.rfind(last, text) + 1
        found = match(line[:start] + line[at:text] + line[end:]) if end > text > at else None
        return None if found is None else (echoed_id, echoed, line[text:end], found)

    return cut


def _pattern(value: object, known: Any, comma: str, colon: str) -> str:
    """Write the pattern of a value of a line, where `known` is what the reader uses of it."""
    if isinstance(known, str):
        return known
    if isinstance(value, dict):
        if unusual := _UNUSUAL & value.keys():
            raise ValueError(f"{sorted(unusual)[0]} is unusual")
        inner = known if isinstance(known, dict) else {}
        members = (
            re.escape(msgspec.json.encode(name).decode() + colon)
            + _pattern(child, inner.get(name), comma, colon)
            for name, child in value.items()
        )
        return rf"\{{{comma.join(members)}\}}"
    if isinstance(value, list):
        element = known[0] if isinstance(known, list) and len(value) == 1 else None
        return rf"\[{comma.join(_pattern(each, element, comma, colon) for each in value)}\]"
    if known is not None:
        raise ValueError("neither an object nor a list")
    if isinstance(value, str):
        return f'"{_STRING}"'
    is_constant = value is None or isinstance(value, bool)
    return msgspec.json.encode(value).decode() if is_constant else _NUMBER


def _around_text(request: bytes, record_id: str) -> tuple[bytes, list[bytes]]:
    """Return the bytes before a request's text, and those behind it, split at the record id.

    They are proved first: around another text they must be a request with that text.
    """
    literal = _text_of(request)
    before, _, after = request.partition(literal)
    if _text_of(before + _PROBE + after) != _PROBE:
        raise ValueError("the text is in the request before, too")
    return before, (b'"' + after).split(record_id.encode())


def _text_of(request: bytes) -> bytes:
    return bytes(msgspec.json.decode(request, type=_Request).contents[0].parts[0].text)
