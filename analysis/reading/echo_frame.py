"""Cut the echoed request out of a prediction line without parsing it again.

The echoes of one file differ in their text and record id, and usually in nothing else. From a line
that was read in full, `learn_frame` takes the bytes around the echoed text. A later line with the
same bytes is the same JSON with another text: it has no doubled property there either, so the parser
gets the line with an empty text for its request, and the text alone.
"""

import msgspec

from analysis.template import ID_LENGTH

_NAME = b'"request"'
_HEAD = 48
"""Bytes by which the end of the text is recognised."""
_MOST_BRACES = 64
"""A text with more of them is read in full."""
_PROBE = "a text that no request has"


class EchoFrame(msgspec.Struct, frozen=True, gc=False):
    """The constant bytes around the echoed text, from the property's name to the request's end."""

    name: bytes
    """The property's name and its colon."""
    before: bytes
    """From the request's beginning to the text's literal."""
    head: bytes
    """The literal's last quote and what follows, for the search. No literal contains it where it has
    a further quote, which would be escaped."""
    brace: int
    """Position of the first brace in it."""
    after: tuple[bytes, ...]
    """From the literal to the request's end, split at the record id."""

    def cut(self, line: bytes) -> tuple[bytes | None, bytes, bytes] | None:
        """Return record id, the text's literal, and the line with an empty text as its request.

        None when the line has other bytes. The caller parses literal and line: only that proves that
        the literal is one, and that the request is a property of the line itself.
        """
        start = line.find(self.name) + len(self.name)
        if not line.startswith(self.before, start):
            return None
        text = start + len(self.before)
        end = line.find(b"}", text) - self.brace
        # A brace is rare in speech, and quickly found. Mostly the first one is that of the head.
        for _ in range(_MOST_BRACES):
            if end < text or line.startswith(self.head, end):
                break
            end = line.find(b"}", end + self.brace + 1) - self.brace
        first, *others = self.after
        end += 1
        at = end + len(first)
        if end <= text or not line.startswith(first, end):
            return None
        record_id = line[at : at + ID_LENGTH]
        for piece in others:
            if not line.startswith(record_id + piece, at):
                return None
            at += ID_LENGTH + len(piece)
        rest = b'%b""%b' % (line[:start], line[at:])
        return record_id if others else None, line[text:end], rest


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
    pieces = tuple(after.split(record_id.encode()))
    head = (b'"' + pieces[0])[:_HEAD]
    if not is_proved or b"}" not in head or not line.startswith(request, start):
        return None
    return EchoFrame(line[name:start], before, head, head.index(b"}"), pieces)


def _text_of(request: bytes) -> msgspec.Raw:
    return msgspec.json.decode(request, type=_Request).contents[0].parts[0].text
