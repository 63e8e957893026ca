"""The command `read`: prediction files read without a state folder or a warehouse."""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, BinaryIO

import typer

from analysis import Analysis, AnalysisError, Reader, Reading, lines_of, load_analysis
from troupe.analysis_folders import load_folder

from .lookup import BadLookup, Lookup
from .options import AsJson
from .output import fail, print_json, print_lines
from .read_results import Results

BLOCK = 1 << 18
OUTPUTS = ("rows.ndjson", "errors.ndjson", "summary.json")


class BadInput(Exception):
    """A file or a folder cannot be used; the text names it and the cause."""


def read(
    files: Annotated[list[Path], typer.Argument(help="Prediction files, gzip or not.")],
    out: Annotated[
        Path,
        typer.Option("--out", metavar="FOLDER", help="Folder for rows, errors and summary."),
    ],
    analysis: Annotated[
        str, typer.Option(help="Analysis that was used: its name or its folder.")
    ] = "call_review_v1",
    lookup: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Source rows as JSON Lines: adds their ids, and finds records by the keys of the "
            "earlier system.",
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with 1 if a line gave no row.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read prediction files without a state folder; write rows.ndjson, errors.ndjson, summary.json.

    Examples:
        troupe read predictions.jsonl --out read
        troupe read part-*.jsonl.gz --out read --lookup calls.jsonl --strict
    """
    try:
        summary = read_files(files, out, analysis, lookup)
    except BadInput as error:
        fail(str(error))
    if as_json:
        print_json(summary)
    else:
        print_lines(_summary_lines(summary))
    raise typer.Exit(1 if strict and summary["errors"] else 0)


def read_files(
    files: list[Path], out: Path, analysis_name: str, lookup_file: Path | None = None
) -> dict[str, Any]:
    """Write rows.ndjson, errors.ndjson and summary.json; return the summary.

    Raises `BadInput`; the folder then keeps the files that it had.

    All files together are read as the output of one job: a key with two answers is an error. That
    check needs a few dozen bytes a record; nothing else but the lookup file is kept in memory.
    """
    try:
        analysis = _analysis(analysis_name)
        lookup = Lookup(lookup_file) if lookup_file else None
        for file in files:
            _open(file).close()
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="part-", dir=out) as part:
            summary = _write_files(files, Path(part), analysis, lookup)
            for name in OUTPUTS:
                Path(part, name).replace(out / name)
    except AnalysisError as error:
        raise BadInput(f"invalid --analysis {analysis_name}: {error}") from error
    except BadLookup as error:
        raise BadInput(f"invalid --lookup {error}") from error
    except OSError as error:
        raise BadInput(f"{error.filename or out}: {error.strerror or error}") from error
    return summary


def _write_files(
    files: list[Path], out: Path, analysis: Analysis, lookup: Lookup | None
) -> dict[str, Any]:
    with Results(out, analysis) as results:
        for file in files:
            _read_file(file, analysis, lookup, results)
    results.move_duplicates()
    summary = results.summary([str(file) for file in files])
    (out / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    return summary


def _analysis(name: str) -> Analysis:
    """Load a shipped analysis by its name, or the analysis of a folder by its path."""
    folder = Path(name)
    return load_folder(folder) if folder.is_dir() else load_analysis(name)


def _read_file(file: Path, analysis: Analysis, lookup: Lookup | None, results: Results) -> None:
    reader = Reader(analysis, foreign_keys=lookup is not None)
    for number, line in enumerate(lines_of(_blocks(file)), start=1):
        if line.strip():
            for reading in reader.read_line(line, number):
                _add(reading, {"file": str(file), "line": number}, lookup, results)


def _blocks(file: Path) -> Iterator[bytes]:
    try:
        with _open(file) as stream:
            while block := stream.read(BLOCK):
                yield block
    except (OSError, EOFError, zlib.error) as error:
        # An error of gzip does not name the file.
        raise BadInput(f"{file} cannot be read: {error}") from error


def _add(reading: Reading, where: dict[str, Any], lookup: Lookup | None, results: Results) -> None:
    record = reading.record_id
    if record is None and lookup and reading.foreign_key:
        record = lookup.record_of(reading.foreign_key)
    if reading.error_type is not None:
        results.add_error(record, reading.error_type, reading.detail, where)
        return
    ids = lookup.row(record) if lookup and record else {}
    if record is None or ids is None:
        results.add_error(record, "lookup_miss", "no row of the lookup file has these ids", where)
        return
    results.add_row(record, reading, ids | where)


def _open(file: Path) -> gzip.GzipFile | BinaryIO:
    with file.open("rb") as probe:
        packed = probe.read(2) == b"\x1f\x8b"
    return gzip.GzipFile(file) if packed else file.open("rb")


def _summary_lines(summary: dict[str, Any]) -> list[str]:
    """Format the counts; then each parse method and error type with a few record ids."""
    kinds = [
        f"  {count:>9,}  {name:<18} {' '.join(summary['examples'].get(name, []))}".rstrip()
        for part in ("parse_methods", "error_types")
        for name, count in summary[part].items()
    ]
    counts = (f"{summary[name]:,} {name}" for name in ("lines", "rows", "errors"))
    return [", ".join(counts), *kinds]
