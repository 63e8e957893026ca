"""Split blocks of bytes into lines, in memory that does not grow with the file."""

from collections.abc import Iterable, Iterator

LONGEST_LINE = 64 * 1024 * 1024
"""Bytes. Far above the size of a prediction line with the largest transcript."""

TOO_LONG = b"\x00too long"
"""Yielded in place of a line over the limit. It is not JSON, so it is read as an error."""


def lines_of(blocks: Iterable[bytes], longest: int = LONGEST_LINE) -> Iterator[bytes]:
    """Yield the lines of a file given in blocks of any size, without their newlines.

    A last line without a newline counts. A line of more than `longest` bytes is not kept:
    `TOO_LONG` is yielded in its place, so that line numbers stay correct.
    """
    partial = _PartialLine(longest)
    for block in blocks:
        # One line at a time: splitting a whole block at once costs four times as much.
        start, end = 0, block.find(b"\n")
        while end >= 0:
            if partial.size or end - start > longest:
                partial.add(block[start:end])
                yield partial.end()
            else:
                yield block[start:end]
            start = end + 1
            end = block.find(b"\n", start)
        partial.add(block[start:])
    if partial.size:
        yield partial.end()


class _PartialLine:
    """A line whose end is not read yet, in pieces: joining for each block is quadratic."""

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
