"""The echoed request of a line, cut down to the user's turn without parsing the rest again.

The echoes of a file differ in record id and transcript, and as a rule in nothing else. A line that
was read in full lends its frame: the bytes of its echo around the transcript and the ids. The same
bytes around other texts are the same JSON with other texts in it. So a line of this frame may be
parsed with the user's turn in place of its request.
"""

from typing import Any

import msgspec

from analysis.template import Fence

_OPENING = b',"request":'
"""A quote after a comma is never an escaped one: where this stands in JSON, it is a name."""
_ID_LENGTH = 32
_PROBE = "0123456789abcdef" * 2


class Frame(msgspec.Struct, frozen=True, gc=False):
    """What the echoes of a file have in common."""

    before: bytes
    """From the name of the request to the record id that opens the fence."""
    turn: int
    """Where in it the literal of the user's turn begins."""
    between: bytes
    """From the id that closes the fence to the one in the label."""
    turned: int
    """How much of it still belongs to the user's turn."""
    after: bytes
    """From there to the end of the request."""

    def cut(self, line: bytes) -> tuple[bytes, bytes, bytes] | None:
        """Record id and user's turn of a line, and the line with this turn for its request.

        None: not of this frame. Whether the turn is one literal, and the name of the request a
        property of the line itself, is for the parser of the cut line to say.
        """
        start = line.find(_OPENING)
        if start < 0 or not line.startswith(self.before, start):
            return None
        told = start + len(self.before)
        record_id = line[told : told + _ID_LENGTH]
        closed = line.find(record_id, told + _ID_LENGTH) + _ID_LENGTH
        label = closed + len(self.between)
        end = label + _ID_LENGTH
        if (
            closed < told
            or not line.startswith(self.between, closed)
            or not line.startswith(record_id, label)
            or not line.startswith(self.after, end)
        ):
            return None
        turn = line[start + self.turn : closed + self.turned]
        rest = line[end + len(self.after) :]
        return record_id, turn, b"".join((line[: start + len(_OPENING)], turn, rest))


def frame_of(line: bytes, record_id: str, fence: Fence) -> Frame | None:
    """The frame of a line that was read in full and belongs to this record; None: it has none.

    A frame is not believed before other texts were put into it and read again: what comes out
    must be the echo that it was taken from, with these texts in place of its own.
    """
    try:
        (starts, opens), (closes, ends) = _decoded(fence.before), _decoded(fence.after)
        request = bytes(msgspec.json.decode(line, type=_Echo).request)
        before, _, between, after = request.split(record_id.encode())
        turn, turned = before.rindex(b'"'), between.index(b'"') + 1
        told = _PROBE + msgspec.json.encode(f"{opens}x{closes}").decode()[1:-1] + _PROBE
        text = f"{starts}{_PROBE}{opens}x{closes}{_PROBE}{ends}"
        literal = b"".join((before[turn:], told.encode(), between[:turned]))
        filled = b"".join((before[:turn], literal, between[turned:], _PROBE.encode(), after))
        expected = _renamed(msgspec.json.decode(request), record_id)
        expected["contents"][0]["parts"][0]["text"] = text
        proved = (msgspec.json.decode(literal), msgspec.json.decode(filled)) == (text, expected)
    except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError, LookupError, TypeError):
        return None
    named = len(_OPENING)
    return Frame(_OPENING + before, named + turn, between, turned, after) if proved else None


class _Echo(msgspec.Struct, frozen=True, gc=False):
    request: msgspec.Raw


def _decoded(pieces: tuple[bytes, ...]) -> list[str]:
    return [piece.decode() for piece in pieces]


def _renamed(value: Any, record_id: str) -> Any:
    """The same with the probe's id for the record's."""
    if isinstance(value, str):
        return value.replace(record_id, _PROBE)
    if isinstance(value, list):
        return [_renamed(element, record_id) for element in value]
    if isinstance(value, dict):
        return {name: _renamed(child, record_id) for name, child in value.items()}
    return value
