"""Load a JSON Lines file of transcripts into the source table, whole or not at all."""

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import msgspec

from analysis import lines_of
from analysis.reading.prediction_line import TOO_LONG
from analysis.strict_json import check_unique
from events.ids import bigquery_job, has_identity

from .warehouse import LocalWarehouse

SOURCE = "transcription_pass_2"
LONGEST_LINE = 32 << 20
"""Bytes. A prompt takes a transcript of at most 20 MB."""
_BLOCK = 1 << 18
_GZIP = b"\x1f\x8b"
_OTHER_ENCODINGS = {
    b"\xef\xbb\xbf": "begins with a byte order mark (BOM): save it as UTF-8 without one",
    b"\xff\xfe": "is UTF-16 or UTF-32: save it as UTF-8",
    b"\xfe\xff": "is UTF-16: save it as UTF-8",
}
"""What a file may begin with instead of JSON, and what to do."""


class BadFile(Exception):
    """The file cannot be loaded; the text names the file, the line and the cause."""


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """The result of loading one file."""

    rows: int
    """Rows in the file."""
    added: int
    """Rows that were added; 0 when the same content was loaded before."""
    ignored_columns: list[str]


class _Line(msgspec.Struct, kw_only=True):
    """One line of the file. Identifiers may be numbers; they are stored as text."""

    phone_number_token: str | int | None
    referenceId: str | int | None = None  # noqa: N815  (the source names it so)
    interactionId: str | int | None  # noqa: N815
    transcript: str | None
    direction: str | None = None
    provider: str | None = None
    event_timestamp: datetime | None = None


_KNOWN = frozenset(_Line.__struct_fields__)


def load_file(path: Path, warehouse: LocalWarehouse, aside: Path) -> Loaded:
    """Check every line, then add all of them in one transaction.

    The job id of the transaction is the idempotency key, and derives from a hash of the lines: the
    same content is loaded once. Raises `BadFile` for a file that is missing, broken or not in the
    source table's columns; then nothing was loaded. Memory does not grow with the file.
    """
    checked = aside / f"load-{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}.ndjson"
    try:
        rows, digest, ignored = _check(path, checked)
        added = warehouse.insert_file(bigquery_job("load", digest), SOURCE, checked)
    except OSError as error:
        raise BadFile(f"{path}: {error.strerror or 'cannot be read'}") from error
    except duckdb.Error as error:
        # By its class: the text of an error of DuckDB may quote a transcript.
        why = f"the warehouse refused the rows ({type(error).__name__}); nothing was loaded"
        raise BadFile(f"{path}: {why}") from error
    finally:
        checked.unlink(missing_ok=True)
    return Loaded(rows=rows, added=rows if added else 0, ignored_columns=sorted(ignored))


def _check(path: Path, checked: Path) -> tuple[int, str, set[str]]:
    """Write the checked rows as NDJSON; return their number, the digest, and unknown columns."""
    if path.exists() and not path.is_file():
        # A pipe would be waited for, and could not be read by the worker of the folder.
        why = "a directory" if path.is_dir() else "a pipe or a device: write its content to a file"
        raise BadFile(f"{path}: this is {why}")
    digest, rows, ignored = hashlib.sha256(), 0, set[str]()
    encoder = msgspec.json.Encoder()
    with checked.open("wb") as out:
        for number, line in _lines(path):
            try:
                row = _row(line, ignored)
            except _Refused as refused:
                raise BadFile(f"{path}, line {number}: {refused}; nothing was loaded") from refused
            digest.update(line + b"\n")
            out.write(encoder.encode(row) + b"\n")
            rows += 1
    return rows, digest.hexdigest()[:32], ignored


class _Refused(Exception):
    """One line cannot be loaded; the text gives the cause and no content."""


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank with their numbers, of a gzip file too."""
    with path.open("rb") as raw:
        is_gzip = raw.peek(2)[:2] == _GZIP
        stream: BinaryIO | gzip.GzipFile = gzip.GzipFile(fileobj=raw) if is_gzip else raw
        try:
            for number, line in enumerate(lines_of(_blocks(path, stream), LONGEST_LINE), start=1):
                if line.strip():
                    yield number, line
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise BadFile(f"{path}: the gzip file is truncated or damaged") from error


def _blocks(path: Path, stream: BinaryIO | gzip.GzipFile) -> Iterator[bytes]:
    """Yield the file in blocks. Raises `BadFile` when it begins as text of another encoding."""
    block = stream.read(_BLOCK)
    for mark, problem in _OTHER_ENCODINGS.items():
        if block.startswith(mark):
            raise BadFile(f"{path}, line 1: the file {problem}; nothing was loaded")
    while block:
        yield block
        block = stream.read(_BLOCK)


def _row(line: bytes, ignored: set[str]) -> dict[str, Any]:
    if line is TOO_LONG:
        raise _Refused(f"longer than {LONGEST_LINE:,} bytes, the limit of a line")
    if b"\x00" in line:
        raise _Refused("it has a NUL byte: this is not a text in UTF-8")
    try:
        fields = msgspec.json.decode(line)
        check_unique(line)
        if not isinstance(fields, dict):
            raise _Refused("expected an object in the source's columns")
        row = msgspec.convert(fields, type=_Line, strict=True)
        event_timestamp = _utc(row.event_timestamp)
        if not has_identity(row.interactionId, row.referenceId):
            raise _Refused("interactionId and referenceId are blank: give one of them")
    except UnicodeError as error:
        raise _Refused("it is not UTF-8: save the file as UTF-8") from error
    except RecursionError as error:
        raise _Refused("it is nested too deep") from error
    except (msgspec.MsgspecError, ValueError, OverflowError) as error:
        raise _Refused(str(error)) from error
    ignored.update(fields.keys() - _KNOWN)
    return {
        "phone_number_token": _text(row.phone_number_token),
        "referenceId": _text(row.referenceId),
        "interactionId": _text(row.interactionId),
        "transcript": row.transcript,
        "direction": row.direction,
        "provider": row.provider,
        "event_timestamp": event_timestamp,
    }


def _text(value: str | int | None) -> str | None:
    return None if value is None else str(value)


def _utc(time: datetime | None) -> str | None:
    """Return the time in UTC. Without a zone it is UTC already, as in BigQuery."""
    if time is None:
        return None
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
