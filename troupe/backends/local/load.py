"""Load a JSON Lines file of transcripts into the source table, whole or not at all."""

import gzip
import hashlib
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from analysis.strict_json import check_unique
from events.ids import bigquery_job

from .warehouse import LocalWarehouse

SOURCE = "transcription_pass_2"
_GZIP = b"\x1f\x8b"


class BadFile(Exception):
    """The file cannot be loaded; the text names the line and the cause."""


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
    same content is loaded once. Raises `BadFile` for a file that is missing, broken or not in the source table's columns.
    """
    checked = aside / f"load-{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}.ndjson"
    try:
        rows, digest, ignored = _check(path, checked)
        added = warehouse.insert_file(bigquery_job("load", digest), SOURCE, checked)
    except OSError as error:
        raise BadFile(f"{path}: {error.strerror or 'cannot be read'}") from error
    finally:
        checked.unlink(missing_ok=True)
    return Loaded(rows=rows, added=rows if added else 0, ignored_columns=sorted(ignored))


def _check(path: Path, checked: Path) -> tuple[int, str, set[str]]:
    """Write the checked rows as NDJSON; return their number, the digest, and unknown columns."""
    digest, rows, ignored = hashlib.sha256(), 0, set[str]()
    encoder = msgspec.json.Encoder()
    with checked.open("wb") as out:
        for number, line in _lines(path):
            digest.update(line)
            row = encoder.encode(_row(path, number, line, ignored))
            out.write(row + b"\n")
            rows += 1
    return rows, digest.hexdigest()[:32], ignored


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank with their numbers, of a gzip file too."""
    with path.open("rb") as raw:
        is_gzip = raw.peek(2)[:2] == _GZIP
        stream = gzip.GzipFile(fileobj=raw) if is_gzip else raw
        try:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    yield number, line
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise BadFile(f"{path}: the gzip file is truncated or damaged") from error


def _row(path: Path, number: int, line: bytes, ignored: set[str]) -> dict[str, Any]:
    try:
        fields = msgspec.json.decode(line)
        check_unique(line)
        if not isinstance(fields, dict):
            raise BadFile(f"{path}, line {number}: expected an object in the source's columns")
        row = msgspec.convert(fields, type=_Line, strict=True)
        event_timestamp = _utc(row.event_timestamp)
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError) as error:
        raise BadFile(f"{path}, line {number}: {error}; nothing was loaded") from error
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
