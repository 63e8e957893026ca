"""Prediction files read on their own, without a warehouse."""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from analysis import Analysis, AnalysisError, Reader, Reading, lines_of, load_analysis
from troupe.analysis_folders import load_folder

from .lookup import BadLookup, Lookup
from .read_results import Readings

BLOCK = 1 << 18
OUTPUTS = ("rows.ndjson", "errors.ndjson", "summary.json")


class BadInput(Exception):
    """A file or a folder cannot be used; the text says which and why."""


def read_files(
    files: list[Path], out: Path, analysis_name: str, lookup_file: Path | None = None
) -> dict[str, Any]:
    """Write rows.ndjson, errors.ndjson and summary.json; returns the summary.

    Raises `BadInput`, and then the folder holds what it held before.

    All files together are taken as the output of one job: a key that is answered twice in them
    is no answer. Memory grows by a few dozen bytes a record, for that check alone, and by the
    lookup file.
    """
    try:
        analysis = _analysis(analysis_name)
        lookup = Lookup(lookup_file) if lookup_file else None
        for file in files:
            _open(file).close()
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="part-", dir=out) as part:
            summary = _written(files, Path(part), analysis, lookup)
            for name in OUTPUTS:
                Path(part, name).replace(out / name)
    except (AnalysisError, BadLookup) as error:
        raise BadInput(str(error)) from error
    except OSError as error:
        raise BadInput(f"{error.filename or out}: {error.strerror or error}") from error
    return summary


def _written(
    files: list[Path], out: Path, analysis: Analysis, lookup: Lookup | None
) -> dict[str, Any]:
    with Readings(out, analysis) as readings:
        for file in files:
            _read_file(file, analysis, lookup, readings)
    readings.withdraw_doubled()
    summary = readings.summary([str(file) for file in files])
    (out / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    return summary


def _analysis(name: str) -> Analysis:
    """Load a shipped analysis by its name, or the analysis of a folder by its path."""
    folder = Path(name)
    return load_folder(folder) if folder.is_dir() else load_analysis(name)


def _read_file(file: Path, analysis: Analysis, lookup: Lookup | None, readings: Readings) -> None:
    reader = Reader(analysis, foreign_keys=lookup is not None)
    for number, line in enumerate(lines_of(_blocks(file)), start=1):
        if line.strip():
            _take(reader.read_line(line, number), {"file": str(file), "line": number},
                  lookup, readings)  # fmt: skip


def _blocks(file: Path) -> Iterator[bytes]:
    try:
        with _open(file) as stream:
            while block := stream.read(BLOCK):
                yield block
    except (OSError, EOFError, zlib.error) as error:
        # A broken gzip does not say which file it is.
        raise BadInput(f"{file} cannot be read: {error}") from error


def _take(
    reading: Reading, where: dict[str, Any], lookup: Lookup | None, readings: Readings
) -> None:
    record = reading.record_id
    if record is None and lookup and reading.foreign_key:
        record = lookup.record_of(reading.foreign_key)
    if reading.error_type is not None:
        readings.error(record, reading.error_type, reading.detail, where)
        return
    ids = lookup.row(record) if lookup and record else {}
    if record is None or ids is None:
        readings.error(record, "lookup_miss", "no row of the lookup file has these ids", where)
        return
    readings.row(record, reading, ids | where)


def _open(file: Path) -> gzip.GzipFile | BinaryIO:
    with file.open("rb") as probe:
        packed = probe.read(2) == b"\x1f\x8b"
    return gzip.GzipFile(file) if packed else file.open("rb")
