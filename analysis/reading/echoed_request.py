"""Cut the echoed request out of a prediction line without parsing its constant part.

The echoes of one file differ in record id and transcript, and usually in nothing else. From a line
that was read in full, `learn_prefix` takes the constant bytes of its echo: those around the
transcript and the ids. A later line with the same bytes around other texts is the same JSON with
other texts. So the parser gets that line with a placeholder for its request, and the transcript
alone.
"""

from typing import Any

import msgspec

from analysis.template import ID_LENGTH, Fence

_REQUEST_NAME = b',"request":'
"""A quote after a comma is never escaped, so in JSON these bytes always begin a property."""
_PROBE_ID = "0123456789abcdef" * 2
_RARE = b"<>[]{}#|~^@=*"
"""Characters that are rare in transcripts and common in fences."""
_MAX_CANDIDATES = 64
"""A transcript with more of the fence's rarest character is read in full."""


class KnownPrefix(msgspec.Struct, frozen=True, gc=False):
    """The constant bytes that the echoes of a file have in common."""

    before: bytes
    """From the property's name to the record id in the opening of the fence."""
    opening: bytes
    """From that id to the transcript."""
    closing: bytes
    """From the transcript to the record id in the closing of the fence."""
    between: bytes
    """From that id to the id in the label."""
    after: bytes
    """From that id to the end of the request."""
    rarest: int
    """Position in `closing` of its rarest character: a search for one byte is the fastest."""

    def cut(self, line: bytes, placeholder: bytes) -> tuple[bytes, bytes, bytes] | None:
        """Return record id, transcript as a JSON literal, and the line with a placeholder.

        The placeholder (JSON) takes the place of the request. None when the line has other constant
        bytes. The caller parses transcript and line: only that proves that the transcript is one
        literal and that the request is a property of the line itself.
        """
        name = line.find(_REQUEST_NAME)
        if name < 0 or not line.startswith(self.before, name):
            return None
        id_start = name + len(self.before)
        id_end = id_start + ID_LENGTH
        record_id = line[id_start:id_end]
        closing = self._find_closing(line, id_end, record_id)
        between = closing + len(self.closing) + ID_LENGTH
        label = between + len(self.between)
        end = label + ID_LENGTH + len(self.after)
        if (
            closing < 0
            or not line.startswith(self.opening, id_end)
            or not line.startswith(self.between, between)
            or not line.startswith(record_id + self.after, label)
        ):
            return None
        transcript = b'"%b"' % line[id_end + len(self.opening) : closing]
        rest = b"".join((line[: name + len(_REQUEST_NAME)], placeholder, line[end:]))
        return record_id, transcript, rest

    def _find_closing(self, line: bytes, at: int, record_id: bytes) -> int:
        """Return where the transcript ends, or -1."""
        closing, character = self.closing + record_id, self.closing[self.rarest]
        at += len(self.opening) + self.rarest
        for _ in range(_MAX_CANDIDATES):
            at = line.find(character, at)
            if at < 0:
                return -1
            if line.startswith(closing, at - self.rarest):
                return at - self.rarest
            at += 1
        return -1


def learn_prefix(line: bytes, record_id: str, fence: Fence) -> KnownPrefix | None:
    """Learn the constant bytes from a line of this record that was read in full; None if it fails.

    They are proved first: filled with other texts and decoded again, they must give the same
    request with those texts in place of its own.
    """
    try:
        (starts, opening), (closing, ends) = _decoded(fence.before), _decoded(fence.after)
        request = bytes(msgspec.json.decode(line, type=_Echo).request)
        before, _, between, after = request.split(record_id.encode())
        opening_json, closing_json = _escaped(opening), _escaped(closing)
        turn = b"".join((_PROBE_ID.encode(), opening_json, b"x", closing_json, _PROBE_ID.encode()))
        text = f"{starts}{_PROBE_ID}{opening}x{closing}{_PROBE_ID}{ends}"
        filled = b"".join((before, turn, between, _PROBE_ID.encode(), after))
        expected = _with_probe_id(msgspec.json.decode(request), record_id)
        expected["contents"][0]["parts"][0]["text"] = text
        is_proved = msgspec.json.decode(filled) == expected
    except (msgspec.DecodeError, UnicodeError, RecursionError, ValueError, LookupError, TypeError):
        return None
    if not is_proved or not closing_json:
        return None
    rarest = next((at for at, byte in enumerate(closing_json) if byte in _RARE), 0)
    return KnownPrefix(_REQUEST_NAME + before, opening_json, closing_json, between, after, rarest)


class _Echo(msgspec.Struct, frozen=True, gc=False):
    request: msgspec.Raw


def _decoded(pieces: tuple[bytes, ...]) -> list[str]:
    return [piece.decode() for piece in pieces]


def _escaped(text: str) -> bytes:
    """Escape as few characters as JSON allows; the lines of a service that escapes more fail."""
    return msgspec.json.encode(text)[1:-1]


def _with_probe_id(value: Any, record_id: str) -> Any:
    """Replace the record's id by the probe's in every string value."""
    if isinstance(value, str):
        return value.replace(record_id, _PROBE_ID)
    if isinstance(value, list):
        return [_with_probe_id(element, record_id) for element in value]
    if isinstance(value, dict):
        return {name: _with_probe_id(child, record_id) for name, child in value.items()}
    return value
