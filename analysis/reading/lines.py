"""Blocks of bytes become lines, in memory that does not depend on the file."""

from collections.abc import Iterable, Iterator

LONGEST_LINE = 64 * 1024 * 1024
"""Far above what a request of the largest transcript can come back as."""

TOO_LONG = b"\x00too long"
"""Stands for a line over the bound; it is no JSON, so that it can only be read as an error."""


def lines_of(blocks: Iterable[bytes], longest: int = LONGEST_LINE) -> Iterator[bytes]:
    """The lines of a file given in blocks of any size, without their newlines.

    A last line without a newline counts. A line longer than `longest` is not kept:
    `TOO_LONG` is yielded in its place, so that the numbering of lines stays true.
    """
    begun = _Begun(longest)
    for block in blocks:
        # One line at a time: to split a whole block at once costs four times as much.
        start, end = 0, block.find(b"\n")
        while end >= 0:
            if begun.size or end - start > longest:
                begun.add(block[start:end])
                yield begun.end()
            else:
                yield block[start:end]
            start = end + 1
            end = block.find(b"\n", start)
        begun.add(block[start:])
    if begun.size:
        yield begun.end()


class _Begun:
    """The line that has begun and not ended: pieces, because joining each time is quadratic."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._pieces: list[bytes] = []
        self.size = 0

    def add(self, piece: bytes) -> None:
        self.size += len(piece)
        if self.size <= self._longest:
            self._pieces.append(piece)
        else:
            self._pieces.clear()

    def end(self) -> bytes:
        line = b"".join(self._pieces) if self.size <= self._longest else TOO_LONG
        self._pieces.clear()
        self.size = 0
        return line
