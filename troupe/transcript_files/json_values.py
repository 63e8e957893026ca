"""The objects of a JSON file: of JSON Lines, of an array, or one behind the other."""

import re
from collections.abc import Iterator
from itertools import chain

import msgspec

from analysis import lines_of
from analysis.reading.prediction_line import TOO_LONG

from .content import LONGEST
from .errors import Refused

_OUTSIDE = re.compile(rb'["{}\[\]]')
_IN_TEXT = re.compile(rb'["\\]')
_NOT_BLANK = re.compile(rb"[^ \t\r\n]")
_STEPS = {
    "start": {b"{": "objects", b"[": "first"},
    "objects": {b"{": "objects"},
    "first": {b"{": "comma", b"]": "over"},
    "comma": {b",": "next", b"]": "over"},
    "next": {b"{": "comma"},
    "over": {},
}
"""What may stand between two objects, by what is expected there, and what is expected then."""
_CUT_OFF = "the JSON that begins here has no end: the file is cut off or damaged"


class RefusedLine(Refused):
    """A value that cannot be read; `line` is where it begins."""

    def __init__(self, line: int, problem: str) -> None:
        self.line = line
        super().__init__(problem)


def json_values(blocks: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield each object as its text, with the number of the line on which it begins.

    The first line decides: if it is an object, the file has one on each line, which is quickest to
    read and gives the best errors. Raises `RefusedLine`. One object is in memory at a time.
    """
    head = _first_line(blocks, LONGEST)
    whole = chain([head], blocks)
    return _lines(whole, LONGEST) if _is_object(head) else _scanned(whole, LONGEST)


def _first_line(blocks: Iterator[bytes], longest: int) -> bytes:
    """Read until the first line that is not blank is there, or too long."""
    head: list[bytes] = []
    size = 0
    for block in blocks:
        head.append(block if size else block.lstrip(b" \t"))
        size += len(head[-1])
        if (b"\n" in block and b"".join(head).strip()) or size > longest:
            break
    return b"".join(head)


def _is_object(head: bytes) -> bool:
    line = head.lstrip().split(b"\n", 1)[0]
    if not line.startswith(b"{"):
        return not line
    try:
        msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False
    return True


def _lines(blocks: Iterator[bytes], longest: int) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(lines_of(blocks, longest), start=1):
        if line is TOO_LONG:
            raise RefusedLine(number, f"longer than {longest:,} bytes, the limit of a line")
        if line.strip():
            yield number, line


def _scanned(blocks: Iterator[bytes], longest: int) -> Iterator[tuple[int, bytes]]:
    """Find where each object ends by counting brackets outside of texts."""
    scanner = _Scanner(longest)
    for block in blocks:
        yield from scanner.feed(block)
    scanner.end()


class _Scanner:
    """Cuts a text into its objects. The decoder judges each of them; this finds only their ends."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._text = bytearray()
        self._at = 0
        """What lies before it is scanned."""
        self._depth = 0
        """Of brackets inside an object; 0 between two objects."""
        self._in_text = False
        self._line = self._began = 1
        self._expected = "start"

    def feed(self, block: bytes) -> Iterator[tuple[int, bytes]]:
        """Add a block; yield the objects that it completes."""
        self._text += block
        while self._at < len(self._text):
            if not self._depth:
                self._between()
            elif value := self._inside():
                self._check_length(value)
                yield self._began, value
        self._check_length(self._text)

    def end(self) -> None:
        """Check that the file ends where it may. Raises `RefusedLine`."""
        if self._depth or self._expected in ("first", "next", "comma"):
            raise RefusedLine(self._began, _CUT_OFF)

    def _check_length(self, text: bytes | bytearray) -> None:
        if len(text) > self._longest:
            problem = f"longer than {self._longest:,} bytes, the limit of an object"
            raise RefusedLine(self._began, problem)

    def _inside(self) -> bytes | None:
        """Go behind the next bracket or quote; return the object if that is its end."""
        found = (_IN_TEXT if self._in_text else _OUTSIDE).search(self._text, self._at)
        if found is None:
            self._at = len(self._text)
            return None
        self._at = found.end()
        sign = found[0]
        if sign == b"\\":
            self._at += 1
        elif sign == b'"':
            self._in_text = not self._in_text
        else:
            self._depth += 1 if sign in b"{[" else -1
        return None if self._depth else self._cut(self._at)

    def _between(self) -> None:
        """Go to the next sign between two objects, and check that it may stand there."""
        found = _NOT_BLANK.search(self._text)
        # A match reads from the text itself, so its sign is taken before the text is cut.
        sign = found[0] if found else b""
        self._cut(found.start() if found else len(self._text))
        if not sign:
            return
        expected = _STEPS[self._expected].get(sign)
        if expected is None:
            begins = self._expected in ("start", "first")
            what = "expected an object, or an array of objects" if begins else "JSON is malformed"
            raise RefusedLine(self._line, what)
        if sign in b"{[":
            self._began = self._line
        self._expected, self._at = expected, 1
        if sign == b"{":
            self._depth = 1
        else:
            self._cut(1)

    def _cut(self, end: int) -> bytes:
        """Return the text up to there, and go on behind it."""
        part = bytes(self._text[:end])
        del self._text[:end]
        self._line += part.count(b"\n")
        self._at = 0
        return part
