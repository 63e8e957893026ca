"""Prediction files as they come: packed or not, JSON Lines or one JSON document over several lines."""

import re
import sys
import zlib
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO, NamedTuple

from analysis import Reader, Reading
from analysis.reading.prediction_line import LONGEST_LINE

BLOCK = 1 << 18
STANDARD_INPUT = "-"
_GZIP = b"\x1f\x8b"
_GZIP_FORMAT = 31
"""Of zlib: gzip, with the largest window."""
_OTHER_ENCODINGS = {
    b"\xff\xfe": "is UTF-16 or UTF-32: save it as UTF-8",
    b"\xfe\xff": "is UTF-16: save it as UTF-8",
}
_SEVERAL_LINES = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\[\s*[{\]]|\{[ \t]*\r?\n\s*\")")
"""The beginning of a JSON array, or of an object that is written over several lines."""
_PREDICTIONS = re.compile(
    r"predictions?[^/]*\.jsonl?(\.gz)?$|[^/]*\.jsonl(\.gz)?$|prediction\.results-[^/]*$"
)
_INCREMENTAL = "incremental"


class BadInput(Exception):
    """A file or a folder cannot be used; the text names it and the cause."""


class Input(NamedTuple):
    """One file to read."""

    name: str
    blocks: Callable[[], Iterator[bytes]]
    """Its content, unpacked or not. Raises `BadInput`."""


def local_inputs(name: str) -> list[Input]:
    """Return a file, the prediction files of a folder, or standard input. Raises `BadInput`.

    In a folder the files of each subfolder are taken, the partial ones only where no final one is.
    """
    if name == STANDARD_INPUT:
        return [Input("standard input", _standard_input)]
    path = Path(name)
    if not path.is_dir():
        with _opened(path):
            pass
        return [Input(name, lambda: _blocks(path))]
    found = [f for f in sorted(path.rglob("*")) if f.is_file() and _PREDICTIONS.search(f.name)]
    final = {file.parent for file in found if _INCREMENTAL not in file.name}
    taken = [f for f in found if _INCREMENTAL not in f.name or f.parent not in final]
    if not taken:
        raise BadInput(f"{name}: no prediction file (*.jsonl) is in this folder")
    return [Input(str(file), lambda file=file: _blocks(file)) for file in taken]  # type: ignore[misc] # a default of a lambda has no type


def readings_of(source: Input, reader: Reader) -> Iterator[Reading]:
    """Yield the readings of a file. Raises `BadInput` for one that is not text in UTF-8."""
    blocks = _unpacked(source)
    first = next(blocks, b"")
    for mark, problem in _OTHER_ENCODINGS.items():
        if first.startswith(mark):
            raise BadInput(f"{source.name}: the file {problem}")
    if not _SEVERAL_LINES.match(first):
        yield from reader.read(chain([first], blocks))
        return
    content = bytearray(first)
    for block in blocks:
        content += block
        if len(content) > LONGEST_LINE:
            raise BadInput(
                f"{source.name}: this is one JSON document of more than {LONGEST_LINE >> 20} MB, not "
                "JSON Lines: convert it, e.g. with jq -c '.[]'"
            )
    for number, reading in enumerate(reader.read_line(bytes(content), 1), start=1):
        reading.line = number
        yield reading


def _unpacked(source: Input) -> Iterator[bytes]:
    blocks = source.blocks()
    first = next(blocks, b"")
    if not first.startswith(_GZIP):
        yield from chain([first], blocks)
        return
    unpacker = zlib.decompressobj(_GZIP_FORMAT)
    is_whole = False
    try:
        for block in chain([first], blocks):
            data = block
            while data:
                is_whole = False
                yield unpacker.decompress(data, 8 * BLOCK)
                data = unpacker.unconsumed_tail
                if unpacker.eof:
                    # Another member may follow, or zeros that fill a block.
                    is_whole, data = True, unpacker.unused_data.lstrip(b"\x00")
                    unpacker = zlib.decompressobj(_GZIP_FORMAT)
    except zlib.error as error:
        raise BadInput(f"{source.name} cannot be read: {error}") from error
    if not is_whole:
        raise BadInput(f"{source.name} cannot be read: the gzip file ends too early")


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror or error}") from error


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as stream:
            while block := stream.read(BLOCK):
                yield block
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}") from error


def _standard_input() -> Iterator[bytes]:
    while block := sys.stdin.buffer.read(BLOCK):
        yield block
