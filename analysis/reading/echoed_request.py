"""The echoed request of a line, taken out without parsing the constant part of it again.

The echoes of a file differ in record id and transcript, and as a rule in nothing else. A line that
was read in full lends its frame: the bytes of its echo around the transcript and the ids. The same
bytes around other texts are the same JSON with other texts in it. So a line of this frame may be
parsed with a mark in place of its request, and the user's turn alone.
"""

from typing import Any

import msgspec

from analysis.keys import ID_LENGTH
from analysis.template import Fence

_OPENING = b',"request":'
"""A quote after a comma is never an escaped one: where this stands in JSON, it is a name."""
_PROBE = "0123456789abcdef" * 2
_RARE = b"<>[]{}#|~^@=*"
"""Signs that few transcripts have, and most fences."""
_MOST_SIGNS = 64
"""A transcript with more of them is read in full."""


class Frame(msgspec.Struct, frozen=True, gc=False):
    """What the echoes of a file have in common."""

    before: bytes
    """From the name of the request to the record id that opens the fence."""
    opens: bytes
    """From this id to the transcript."""
    closes: bytes
    """From the transcript to the id that closes the fence."""
    between: bytes
    """From there to the id in the label."""
    after: bytes
    """From there to the end of the request."""
    sign: int
    """Where in `closes` its rarest sign stands: one sign is found soonest."""

    def cut(self, line: bytes, mark: bytes) -> tuple[bytes, bytes, bytes] | None:
        """Record id, transcript as a literal, and the line with a mark (JSON) for its request.

        None: not of this frame. Whether the transcript is one literal, and the name of the request
        a property of the line itself, is for the parser of these two to say.
        """
        named = line.find(_OPENING)
        if named < 0 or not line.startswith(self.before, named):
            return None
        told = named + len(self.before)
        said = told + ID_LENGTH
        record_id = line[told:said]
        over = self._over(line, said, record_id)
        closed = over + len(self.closes) + ID_LENGTH
        label = closed + len(self.between)
        last = label + ID_LENGTH + len(self.after)
        if (
            over < 0
            or not line.startswith(self.opens, said)
            or not line.startswith(self.between, closed)
            or not line.startswith(record_id + self.after, label)
        ):
            return None
        transcript = b'"%b"' % line[said + len(self.opens) : over]
        rest = b"".join((line[: named + len(_OPENING)], mark, line[last:]))
        return record_id, transcript, rest

    def _over(self, line: bytes, at: int, record_id: bytes) -> int:
        """Where the transcript ends, -1 when it does not."""
        closing, sign = self.closes + record_id, self.closes[self.sign]
        at += len(self.opens) + self.sign
        for _ in range(_MOST_SIGNS):
            at = line.find(sign, at)
            if at < 0:
                return -1
            if line.startswith(closing, at - self.sign):
                return at - self.sign
            at += 1
        return -1


def frame_of(line: bytes, record_id: str, fence: Fence) -> Frame | None:
    """The frame of a line that was read in full and belongs to this record; None: it has none.

    A frame is not believed before other texts were put into it and read again: what comes out
    must be the echo that it was taken from, with these texts in place of its own.
    """
    try:
        (starts, opens), (closes, ends) = _decoded(fence.before), _decoded(fence.after)
        request = bytes(msgspec.json.decode(line, type=_Echo).request)
        before, _, between, after = request.split(record_id.encode())
        opened, closed = _escaped(opens), _escaped(closes)
        told = b"".join((_PROBE.encode(), opened, b"x", closed, _PROBE.encode()))
        text = f"{starts}{_PROBE}{opens}x{closes}{_PROBE}{ends}"
        filled = b"".join((before, told, between, _PROBE.encode(), after))
        expected = _renamed(msgspec.json.decode(request), record_id)
        expected["contents"][0]["parts"][0]["text"] = text
        proved = msgspec.json.decode(filled) == expected
    except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError, LookupError, TypeError):
        return None
    if not proved or not closed:
        return None
    sign = next((at for at, sign in enumerate(closed) if sign in _RARE), 0)
    return Frame(_OPENING + before, opened, closed, between, after, sign)


class _Echo(msgspec.Struct, frozen=True, gc=False):
    request: msgspec.Raw


def _decoded(pieces: tuple[bytes, ...]) -> list[str]:
    return [piece.decode() for piece in pieces]


def _escaped(text: str) -> bytes:
    """As it stands in a literal. A service that escapes more has lines of no frame."""
    return msgspec.json.encode(text)[1:-1]


def _renamed(value: Any, record_id: str) -> Any:
    """The same with the probe's id for the record's."""
    if isinstance(value, str):
        return value.replace(record_id, _PROBE)
    if isinstance(value, list):
        return [_renamed(element, record_id) for element in value]
    if isinstance(value, dict):
        return {name: _renamed(child, record_id) for name, child in value.items()}
    return value
