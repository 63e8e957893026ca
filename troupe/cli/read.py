"""Prediction files read on their own, without any troupe."""

from pathlib import Path
from typing import Annotated, Any

import typer

from .client import fail
from .options import AsJson, print_json, print_lines


def read(
    files: Annotated[list[Path], typer.Argument(help="Prediction files, gzip or not.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for rows, errors and summary.")],
    analysis: Annotated[
        str, typer.Option(help="What was asked: a name or a folder.")
    ] = "call_review_v1",
    lookup: Annotated[
        Path | None,
        typer.Option(help="Source rows as JSON Lines; also reads keys of the earlier system."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with 1 when a line gave no row.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read prediction files on their own: rows.ndjson, errors.ndjson and summary.json."""
    from .read_files import BadInput, read_files

    try:
        summary = read_files(files, out, analysis, lookup)
    except BadInput as problem:
        fail(str(problem))
    if as_json:
        print_json(summary)
    else:
        print_lines(_reading_lines(summary))
    raise typer.Exit(1 if strict and summary["errors"] else 0)


def _reading_lines(summary: dict[str, Any]) -> list[str]:
    """Lines, rows and errors; then each kind with its count and a few records."""
    kinds = [
        f"  {count:>9,}  {name:<18} {' '.join(summary['examples'].get(name, []))}".rstrip()
        for part in ("parse_methods", "error_types")
        for name, count in summary[part].items()
    ]
    counts = (f"{summary[name]:,} {name}" for name in ("lines", "rows", "errors"))
    return [", ".join(counts), *kinds]
