"""Cut the echoed request out of a prediction line without parsing it again.

The echoes of one file differ in their text and record id, and usually in nothing else. From a line
that was read in full, `learn_frame` takes the bytes around the echoed text. A later line with the
same bytes is the same JSON with another text: it has no doubled property there either, so the parser
gets the line with an empty text for its request, and the text alone.
"""

from collections.abc import Callable

import msgspec

from analysis.template import ID_LENGTH

_NAME = b'"request"'
_HEAD = 48
"""Bytes by which the end of the text is recognised."""
_MOST_BRACES = 64
"""A text with more of them is read in full."""
_PROBE = "a text that no request has"


Cut = tuple[bytes | None, bytes, bytes]
"""Record id, the text's literal, and the line with an empty text as its request."""
EchoFrame = Callable[[bytes], Cut | None]
"""Cuts the request out of a line; None when the line has other bytes around the echoed text.

The caller parses literal and line: only that proves that the literal is one, and that the request is
a property of the line itself.
"""


def _frame(name: bytes, before: bytes, head: bytes, after: list[bytes]) -> EchoFrame:
    """Make the frame of these constant bytes.

    `name`    the property's name and its colon
    `before`  from the request's beginning to the text's literal
    `head`    the literal's last quote and what follows, with a brace
    `after`   from the literal to the request's end, split at the record id
    """
    brace, (first, *others) = head.index(b"}"), after
    size, behind = len(before), len(first)

    def cut(line: bytes) -> Cut | None:
        start = line.find(name) + len(name)
        text = start + size
        end = line.find(b"}", text) - brace
        # A brace is rare in speech, and quickly found. Mostly the first one is that of the head.
        for _ in range(_MOST_BRACES):
            if line.startswith(head, end) or end < text:
                break
            end = line.find(b"}", end + brace + 1) - brace
        end += 1
        at = end + behind
        if end <= text or not (line.startswith(before, start) and line.startswith(first, end)):
            return None
        record_id = line[at : at + ID_LENGTH]
        for piece in others:
            if not line.startswith(record_id + piece, at):
                return None
            at += ID_LENGTH + len(piece)
        rest = line[:start] + b'""' + line[at:]
        return record_id if others else None, line[text:end], rest

    return cut


class _Part(msgspec.Struct, frozen=True, gc=False):
    text: msgspec.Raw


class _Content(msgspec.Struct, frozen=True, gc=False):
    parts: list[_Part]


class _Request(msgspec.Struct, frozen=True, gc=False):
    contents: list[_Content]


class _Line(msgspec.Struct, frozen=True, gc=False):
    request: msgspec.Raw


def learn_frame(line: bytes, record_id: str) -> EchoFrame | None:
    """Learn the frame of a line of this record in which no property is given twice.

    It is proved first: around another text it must be a request with that text.
    """
    try:
        request = bytes(msgspec.json.decode(line, type=_Line).request)
        literal = bytes(_text_of(request))
        before, _, after = request.partition(literal)
        probe = msgspec.json.encode(_PROBE)
        is_proved = bytes(_text_of(before + probe + after)) == probe
    except (msgspec.MsgspecError, UnicodeError, RecursionError, IndexError, ValueError):
        return None
    name = line.find(_NAME)
    start = line.find(b"{", name)
    pieces = after.split(record_id.encode())
    head = (b'"' + pieces[0])[:_HEAD]
    if not is_proved or b"}" not in head or not line.startswith(request, start):
        return None
    return _frame(line[name:start], before, head, pieces)


def _text_of(request: bytes) -> msgspec.Raw:
    return msgspec.json.decode(request, type=_Request).contents[0].parts[0].text
