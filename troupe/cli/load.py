"""The command `load`: transcripts from files, whatever they are called and however written."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated

import msgspec
import typer

from troupe.backends.local.load import (
    Loaded,
    LoadedFile,
    named_files,
    preview_files,
    read_options,
)
from troupe.backends.local.operations import load as load_operation
from troupe.report.formatting import plural
from troupe.transcript_files.errors import BadFile, BadOption
from troupe.transcript_files.find import STANDARD_INPUT, find_files
from troupe.transcript_files.formats import FORMATS
from troupe.transcript_files.further_columns import FurtherColumn

from .client import call, local_only
from .options import AsJson, FileFormat, Mapped, Timezone
from .output import fail, print_json, print_lines


def load(
    files: Annotated[
        list[str],
        typer.Argument(
            help="JSON Lines, JSON, CSV, Parquet or Excel (.xlsx), gzip or zstd: files, patterns "
            "in quotes, folders, or - for standard input."
        ),
    ],
    mapped: Mapped = None,
    timezone: Timezone = "",
    format_: FileFormat = "",
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Check everything and load nothing; show what was understood and the first "
            "three rows, with text of the transcripts.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add transcripts to the source table: all rows of all files, or none.

    Columns are found by their names and usual synonyms. Further columns are kept for analyses with
    call attributes. A file whose rows were loaded before is not loaded again. Local backend only.

    Examples:
        troupe load calls.jsonl
        troupe load exports/ --dry-run
        troupe load calls.csv --map "Call text=transcript" --timezone Europe/Paris
    """
    local_only("load")
    try:
        found, left_out = find_files(files)
        options = read_options(mapped or (), timezone, format_)
        with standard_input(found) as stdin:
            if dry_run:
                loaded = preview_files(named_files(found, stdin), options)
            else:
                loaded = call(
                    load_operation,
                    files=found,
                    mapped=mapped or [],
                    timezone=timezone,
                    format=format_,
                    stdin=stdin,
                )
    except (BadFile, BadOption) as error:
        fail(str(error))
    if as_json:
        print_json(loaded)
        return
    for file in left_out:
        typer.echo(f"left out {file}: its name is not that of a file of transcripts", err=True)
    print_lines(_preview_lines(loaded) if dry_run else _loaded_lines(loaded))


@contextmanager
def standard_input(files: list[str]) -> Iterator[str]:
    """Copy the standard input, if it is asked for, to a file of this user; yield its path.

    The worker of the state folder may read it, and CSV is read twice.
    """
    if STANDARD_INPUT not in files:
        yield ""
        return
    with NamedTemporaryFile(prefix="troupe-", suffix=".input") as copy:
        shutil.copyfileobj(sys.stdin.buffer, copy)
        copy.flush()
        yield copy.name


def _loaded_lines(loaded: Loaded) -> list[str]:
    lines = [line for file in loaded.files for line in _notes(file)]
    if not loaded.rows:
        return [*lines, f"no rows in {', '.join(_shown(file) for file in loaded.files)}"]
    before = [file for file in loaded.files if file.rows and not file.added]
    if len(loaded.files) == 1 and before:
        return [f"this file was loaded before; its {plural(loaded.rows, 'row')} are there already"]
    many = f" of {len(loaded.files):,} files" if len(loaded.files) > 1 else ""
    lines.append(f"loaded {plural(loaded.added, 'row')}{many}")
    if before:
        rows = sum(file.rows for file in before)
        count = plural(len(before), "file")
        lines.append(f"{plural(rows, 'row')} of {count} are there already: they were loaded before")
    return lines


def _preview_lines(loaded: Loaded) -> list[str]:
    lines = []
    for file in loaded.files:
        lines.append(f"{_shown(file)}: {file.kind}, {plural(file.rows, 'row')}")
        lines += [f"  {column:<18} from {name}" for column, name in file.columns.items()]
        lines += _notes(file, has_columns=True)
    if loaded.sample:
        lines.append("first rows, with text of the transcripts:")
        lines += [f"  {msgspec.json.encode(row).decode()}" for row in loaded.sample]
    return [*lines, f"nothing was loaded; {plural(loaded.rows, 'row')} can be"]


def _notes(file: LoadedFile, *, has_columns: bool = False) -> list[str]:
    """Say what a reader could not know: names that were understood, and what is not used."""
    services = [FORMATS[name].title for name in file.formats if name in FORMATS]
    other = {ours: name for ours, name in file.columns.items() if ours != name}
    notes = [f"it is {' and '.join(services)}"] if services else []
    notes += file.notes
    if other and not has_columns:
        notes.append(", ".join(f"{ours} from {name}" for ours, name in other.items()))
    if file.is_named_by_file:
        notes.append("interactionId is the name of the file")
    if file.further_columns:
        notes.append(f"further columns: {', '.join(map(_further, file.further_columns))}")
    if file.unused_columns and not services:
        notes.append(f"not used: {', '.join(file.unused_columns)}")
    if file.rows and not services and "phone_number_token" not in file.columns:
        notes.append("no phone_number_token, by which `troupe forget` finds a person")
    if file.rows and not services and "event_timestamp" not in file.columns:
        notes.append(
            "no event_timestamp: time filters leave these calls out, and an incremental run looks at"
            " all of them each time; --map COLUMN=event_timestamp names a column with the time"
        )
    indent = "  " if has_columns else f"{_shown(file)}: "
    return [f"{indent}{note}" for note in notes]


def _further(column: FurtherColumn) -> str:
    other = f" from {column.source}" if column.source != column.name else ""
    return f"{column.name} ({column.type}){other}"


def _shown(file: LoadedFile) -> str:
    return "standard input" if file.file == STANDARD_INPUT else Path(file.file).name
