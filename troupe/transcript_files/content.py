"""The content of a file: unpacked, recognised by its first bytes, and as UTF-8 when it is text."""

import codecs
import gzip
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import BinaryIO, cast

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from .errors import BadFile

BLOCK = 1 << 18
LONGEST = 32 << 20
"""Bytes of a line, an object or a text. A prompt takes a transcript of at most 20 MB."""
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""UTF-32 first: its mark begins like that of UTF-16."""
_OTHERS = {
    b"BZh": "it is packed with bzip2: unpack it first",
    b"\xfd7zXZ": "it is packed with xz: unpack it first",
    b"7z\xbc\xaf": "it is a 7z archive: unpack it first",
    b"Obj\x01": "it is an Avro file: export Parquet, CSV or JSON Lines instead",
    b"ORC": "it is an ORC file: export Parquet, CSV or JSON Lines instead",
    b"\xd0\xcf\x11\xe0": "it is an old Excel file, or one with a password: save it as .xlsx without, or CSV",
    b"%PDF": "it is a PDF: export the transcripts as CSV or JSON",
    b"RIFF": "it is a recording: load its transcript",
    b"ID3": "it is a recording: load its transcript",
}
"""What a file that is not read may begin with, and what to do."""


_REMEDIES = {
    True: "save the file as UTF-8, or convert it, such as with "
    "`iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW`",
    False: "the file is damaged: export it again",
}
"""Of a text that is not in its encoding, by whether that is UTF-8."""


class Kind(StrEnum):
    """How a file is read, found by its first bytes."""

    JSON = "JSON"
    CSV = "CSV"
    PARQUET = "Parquet"
    EXCEL = "Excel"


@dataclass(frozen=True)
class Content:
    """A file that is open."""

    kind: Kind
    packing: str
    """`gzip`, `zstd`, or empty."""
    encoding: str
    """Of text, in lower case; empty for other kinds."""
    blocks: Iterator[bytes]
    """The unpacked bytes; text is UTF-8 without a mark, and valid."""


@contextmanager
def opened(path: Path, name: str) -> Iterator[Content]:
    """Open a file and recognise it; `name` is what errors call it.

    The blocks are read while they are used, so memory does not grow with the file. Raises
    `BadFile`, also while they are read.
    """
    if path.exists() and not path.is_file():
        # A pipe would be waited for, and could not be read by the worker of the folder.
        why = "a directory" if path.is_dir() else "a pipe or a device: write its content to a file"
        raise BadFile(f"{name}: this is {why}")
    try:
        with path.open("rb") as raw:
            yield _content(raw, name)
    except (EOFError, gzip.BadGzipFile, zlib.error, zstd.ZstdError) as error:
        raise BadFile(
            f"{name}: the packed file is truncated or damaged; nothing was loaded"
        ) from error
    except OSError as error:
        raise BadFile(f"{name}: {error.strerror or 'cannot be read'}") from error


def _content(raw: BinaryIO, name: str) -> Content:
    packing, stream = _unpacked(raw)
    blocks = iter(lambda: stream.read(BLOCK), b"")
    head = next(blocks, b"")
    for mark, problem in _OTHERS.items():
        if head.startswith(mark):
            raise BadFile(f"{name}: {problem}")
    whole = chain([head], blocks)
    if head.startswith(b"PAR1"):
        return Content(Kind.PARQUET, packing, "", whole)
    if head.startswith(b"PK\x03\x04"):
        return Content(Kind.EXCEL, packing, "", whole)
    encoding, skipped = _encoding_of(head)
    text = _utf8(chain([head[skipped:]], blocks), encoding, skipped, name)
    first = next(text, b"")
    kind = Kind.JSON if first.lstrip()[:1] in (b"{", b"[", b"") else Kind.CSV
    return Content(kind, packing, encoding, chain([first], text))


def _unpacked(raw: BinaryIO) -> tuple[str, BinaryIO]:
    head = raw.read(4)
    raw.seek(0)
    if head.startswith(_GZIP):
        return "gzip", cast("BinaryIO", gzip.GzipFile(fileobj=raw))
    if head == _ZSTD:
        return "zstd", cast("BinaryIO", zstd.ZstdFile(raw))
    return "", raw


def _encoding_of(head: bytes) -> tuple[str, int]:
    """Return the encoding of a text, and how many bytes its mark has."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding, len(mark)
    # Without a mark: the first two signs of a table or of JSON are ASCII.
    zeros = [byte == 0 for byte in head[:4]]
    if zeros == [False, True, False, True]:
        return "utf-16-le", 0
    if zeros == [True, False, True, False]:
        return "utf-16-be", 0
    return "utf-8", 0


def _utf8(blocks: Iterator[bytes], encoding: str, at: int, name: str) -> Iterator[bytes]:
    """Yield a text as UTF-8. Raises `BadFile` with line and position of what is not text.

    `at` is the position of the first byte. No block is empty but the first one of an empty file.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    for block, is_last in _with_last(blocks):
        kept = len(decoder.getstate()[0])  # bytes of a character that the last block began
        try:
            text = decoder.decode(block, is_last)
        except UnicodeDecodeError as error:
            line += error.object[: error.start].decode(encoding, "ignore").count("\n")
            place = f"{name}, line {line}: byte 0x{error.object[error.start]:02X} at position"
            raise BadFile(
                f"{place} {at - kept + error.start:,} is not {encoding.upper()}: "
                f"{_REMEDIES[encoding == 'utf-8']}; nothing was loaded"
            ) from error
        if "\0" in text:
            line += text[: text.index("\0")].count("\n")
            raise BadFile(
                f"{name}, line {line}: it has a NUL byte, so this is not text: save the file as "
                "UTF-8; nothing was loaded"
            )
        line += text.count("\n")
        at += len(block)
        yield block if encoding == "utf-8" else text.encode()


def _with_last(blocks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    before = next(blocks, b"")
    for block in blocks:
        yield before, False
        before = block
    yield before, True
