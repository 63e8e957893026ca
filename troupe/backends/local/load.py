"""Load files of transcripts into the source table: all of them, or nothing."""

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, tzinfo
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import duckdb
import msgspec

from events.ids import bigquery_job
from tracking import Source
from troupe.transcript_files.columns import COLUMNS, read_map
from troupe.transcript_files.errors import BadFile, BadOption
from troupe.transcript_files.formats import FORMATS
from troupe.transcript_files.further_columns import (
    TYPES,
    FurtherColumn,
    as_text,
    fits,
    joined_type,
    split_map,
)
from troupe.transcript_files.reader import AS_COLUMNS, ReadOptions, TranscriptFile

from .source_table import StagedRows
from .warehouse import LocalWarehouse

SAMPLE_ROWS = 3
_LONGEST_SHOWN = 60
FORMAT_NAMES = (AS_COLUMNS, *FORMATS)


class LoadedFile(msgspec.Struct, frozen=True, kw_only=True):
    """What was understood of one file."""

    file: str
    kind: str
    """Such as `CSV`, or `JSON, gzip`."""
    formats: list[str]
    """`columns`, or the services whose JSON it has."""
    rows: int
    added: int
    """Rows that were added; 0 when the same rows were loaded before."""
    columns: dict[str, str]
    """The name in the file of each column of the source table that it has."""
    further_columns: list[FurtherColumn]
    unused_columns: list[str]
    notes: list[str]
    """Sentences about what is not read, such as further sheets."""
    is_named_by_file: bool
    """Whether the id of its one conversation is the name of the file."""


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """The result of loading files, or of a look at them."""

    rows: int
    """Rows in the files."""
    added: int
    """Rows that were added; 0 for rows of a file that was loaded before."""
    files: list[LoadedFile]
    sample: list[dict[str, Any]] = []
    """With --dry-run the first rows, their texts shortened."""


class NamedFile(NamedTuple):
    """A file, and what errors call it: `-` for standard input."""

    path: Path
    name: str


def named_files(words: Sequence[str], stdin: str) -> list[NamedFile]:
    """Return the files with their names; `stdin` is the file that holds the standard input."""
    return [NamedFile(Path(stdin if word == "-" else word), word) for word in words]


def read_options(mapped: Iterable[str], timezone: str, format_: str) -> ReadOptions:
    """Read the options of `troupe load`. Raises `BadOption`."""
    try:
        zone = _zone(timezone) if timezone else None
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadOption(
            f"invalid --timezone {timezone!r}: use a name such as Europe/Berlin, or UTC"
            " (a system without time zones needs `pip install tzdata`)"
        ) from error
    if format_ and format_ not in FORMAT_NAMES:
        raise BadOption(f"invalid --format {format_!r}: use one of {', '.join(FORMAT_NAMES)}")
    ours, further = split_map(mapped)
    return ReadOptions(read_map(ours), zone, format_, further)


def _zone(name: str) -> tzinfo:
    """Return a zone; UTC needs no database of zones."""
    return UTC if name.upper() == "UTC" else ZoneInfo(name)


def preview_files(files: Sequence[NamedFile], options: ReadOptions) -> Loaded:
    """Read files whole, and load nothing. Raises `BadFile` as loading would."""
    read, sample = [], list[dict[str, Any]]()
    for each in files:
        file = TranscriptFile(each.path, each.name, options)
        rows = file.rows()
        first = list(islice(rows, SAMPLE_ROWS))
        sample += [_shortened(row) for row in first[: SAMPLE_ROWS - len(sample)]]
        read.append(_loaded(file, len(first) + sum(1 for _ in rows), added=0))
    return _total(read, sample)


def load_files(
    files: Sequence[NamedFile],
    options: ReadOptions,
    warehouse: LocalWarehouse,
    aside: Path,
    source: Source | None = None,
) -> Loaded:
    """Check every row of every file, then add all of them in one transaction.

    The job id of a file is its idempotency key, and derives from a hash of its rows: the same rows
    are loaded once, whatever the file is called and however it is packed. Raises `BadFile`; then
    nothing was loaded. Memory does not grow with the files.
    """
    staged: dict[str, StagedRows] = {}
    parts: list[Path] = []
    read: list[tuple[TranscriptFile, int, str]] = []
    try:
        for each in files:
            file = TranscriptFile(each.path, each.name, options)
            parts.append(aside / f"load-{len(parts)}-{secrets.token_hex(6)}.ndjson")
            rows, longest, job = _stage(file.rows(), parts[-1])
            staged.setdefault(job, StagedRows(parts[-1], longest))
            read.append((file, rows, job))
        _check_ids_from_names([file for file, _, _ in read])
        into = source or Source()
        types = _further_types([file for file, _, _ in read], warehouse.columns(into.table))
        new = warehouse.insert_source(staged, into, types)
    except duckdb.IOException:
        raise  # the disk, not the rows
    except duckdb.Error as error:
        # By its class: the text of an error of DuckDB may quote a transcript.
        why = f"the warehouse refused the rows ({type(error).__name__}); nothing was loaded"
        raise BadFile(f"{', '.join(each.name for each in files)}: {why}") from error
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
    return _total(list(_added(read, new)), [])


def _stage(rows: Iterator[dict[str, Any]], part: Path) -> tuple[int, int, str]:
    """Write the rows as NDJSON; return how many, the longest, and the job id of their hash."""
    encode, digest, count, longest = msgspec.json.Encoder().encode, hashlib.sha256(), 0, 0
    with part.open("wb") as out:
        for row in rows:
            line = encode(row) + b"\n"
            further = row.keys() - _OURS
            digest.update(encode(as_text(row, further)) + b"\n" if further else line)
            out.write(line)
            count += 1
            longest = max(longest, len(line))
    return count, longest, bigquery_job("load", digest.hexdigest()[:32])


_OURS = frozenset(COLUMNS)


def _further_types(files: Sequence[TranscriptFile], existing: Mapping[str, str]) -> dict[str, str]:
    """Return the type of the column for each further column of the files: that which exists, or
    the narrowest that fits all files. Raises `BadFile` for values that do not fit.
    """
    known = {name.lower(): type_ for name, type_ in existing.items()}
    found: dict[str, list[tuple[TranscriptFile, FurtherColumn]]] = {}
    for file in files:
        for column in file.further.kept():
            found.setdefault(column.name.lower(), []).append((file, column))
    types = {}
    for lower, columns in found.items():
        wanted = joined_type(column.type for _, column in columns)
        has = known.get(lower)
        kind = _KINDS.get(has, has) if has else wanted
        for file, column in columns:
            if not fits(column.type, kind):
                raise BadFile(
                    f"{file.name}: {column.source} holds values of type {column.type}, and the column "
                    f"{column.name} of the source table has type {kind}: correct them, or load them "
                    f"into another column, such as --map {column.source}={column.name}_text:text; "
                    "nothing was loaded"
                )
        types[columns[0][1].name] = kind
    return types


_KINDS = {type_: kind for kind, type_ in TYPES.items()}


def _added(read: Sequence[tuple[TranscriptFile, int, str]], new: set[str]) -> Iterator[LoadedFile]:
    for file, rows, job in read:
        yield _loaded(file, rows, added=rows if job in new else 0)
        new.discard(job)  # the same rows in another file are no new rows


def _check_ids_from_names(files: Sequence[TranscriptFile]) -> None:
    """Check that no two files give one id by their names: one would hide the other."""
    known: dict[str, str] = {}
    for file in files:
        if file.is_named_by_file:
            stem = Path(file.name).name.partition(".")[0]
            if stem in known:
                raise BadFile(
                    f"{file.name}: its conversation would have the id of {known[stem]}, the name of "
                    "the file: rename one, or name a property with --map PROPERTY=interactionId; "
                    "nothing was loaded"
                )
            known[stem] = file.name


def _loaded(file: TranscriptFile, rows: int, added: int) -> LoadedFile:
    columns = file.columns
    return LoadedFile(
        file=file.name,
        kind=file.description,
        formats=list(file.formats),
        rows=rows,
        added=added,
        columns={name: columns.bound[name] for name in COLUMNS if name in columns.bound},
        further_columns=file.further.kept(),
        unused_columns=columns.unused,
        notes=file.notes,
        is_named_by_file=file.is_named_by_file,
    )


def _total(files: list[LoadedFile], sample: list[dict[str, Any]]) -> Loaded:
    return Loaded(
        rows=sum(file.rows for file in files),
        added=sum(file.added for file in files),
        files=files,
        sample=sample,
    )


def _shortened(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: f"{value[:_LONGEST_SHOWN]}…"
        if isinstance(value, str) and len(value) > _LONGEST_SHOWN
        else value
        for name, value in row.items()
    }
