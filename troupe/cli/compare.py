"""The command that compares two sides record by record."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from troupe.exit_codes import ExitCode
from troupe.operations.quality.compare import SHOWN
from troupe.operations.quality.compare import compare as compare_operation
from troupe.operations.quality.compare_sides import FILE
from troupe.quality.gates import InvalidGate, Limit, gates, read_limit
from troupe.report.html.compare import render_comparison
from troupe.report.text.compare import comparison_lines

from .client import call
from .options import AsJson
from .output import check_writable, fail, print_json, print_lines, warn, write_private

Side = Annotated[
    str,
    typer.Argument(
        metavar="SIDE",
        help="A run, an analysis version, golden:NAME, golden:NAME@VERSION, or a file of labels.",
    ),
]


def compare(
    a: Side,
    b: Side,
    columns: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Compare these columns only, joined by commas."),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=0, max=100, help="Differing records to list, the worst first.")
    ] = SHOWN,
    show: Annotated[
        bool,
        typer.Option(
            "--show", help="Show transcript and texts of the differing records: personal data."
        ),
    ] = False,
    fail_below: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-below",
            metavar="COLUMN=SHARE",
            help="End with 3 if the agreement of a column is lower; repeatable. "
            "kappa:COLUMN, overlap:COLUMN and f1:COLUMN name another measure.",
        ),
    ] = None,
    analysis: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Analysis whose columns a file of labels has. Default: that of the other side.",
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the comparison as one HTML page.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare two runs, two versions of an analysis, or answers with labels, record by record.

    For each column it shows how many records agree, with the interval of that share at 95 %, and
    Cohen's kappa; with labels on one side also precision and recall. --fail-below compares the share
    itself, not its interval. It changes nothing.

    Examples:
        troupe compare before after
        troupe compare call_review_v1 golden:audit --fail-below call_tone=0.9
        troupe compare before labels.jsonl --html before.html
    """
    limits = _limits(fail_below or [])
    page = check_writable("--html", html) if html else None
    answer = call(
        compare_operation,
        a=_side(a),
        b=_side(b),
        columns=_names(columns),
        limit=limit,
        show=show,
        analysis=analysis,
    )
    try:
        answer = msgspec.structs.replace(answer, gates=gates(answer, limits))
    except InvalidGate as error:
        fail(str(error))
    if page is not None:
        write_private(page, render_comparison(answer))
        typer.echo(f"wrote {page}", err=as_json)
        if show:
            warn([f"{page} holds personal data: only you can read it; delete it after use"])
    if as_json:
        print_json(answer)
    elif page is None:
        print_lines(comparison_lines(answer))
    if not all(gate.passed for gate in answer.gates):
        raise typer.Exit(ExitCode.RECORDS_FAILED)


def _side(given: str) -> str:
    """Return a side as the operation takes it: a file by its whole path."""
    is_named = given.startswith(FILE)
    path = Path(given.removeprefix(FILE))
    if not is_named and (":" in given or not ({*given} & {".", "/"})):
        return given
    if not path.is_file():
        fail(f"invalid side {given!r}: there is no such file; correct its path")
    return f"{FILE}{path.resolve()}"


def _names(columns: str | None) -> list[str] | None:
    names = [name.strip() for name in (columns or "").split(",") if name.strip()]
    if columns is not None and not names:
        fail(f"invalid --columns {columns!r}: name columns, joined by commas")
    return names or None


def _limits(given: list[str]) -> list[Limit]:
    try:
        return [read_limit(text) for text in given]
    except InvalidGate as error:
        fail(str(error))
