"""The commands `golden`: labels that people gave, kept under a name beside the analyses."""

from pathlib import Path
from typing import Annotated

import typer

from troupe.exit_codes import ExitCode
from troupe.operations.quality.golden_add import add_golden
from troupe.operations.quality.golden_check import check_golden
from troupe.operations.quality.golden_sets import list_golden
from troupe.report.text.golden import added_lines, check_lines, problem_lines, sets_lines
from troupe.transcript_files.find import STANDARD_INPUT

from .client import call
from .load import standard_input
from .options import AsJson, DryRun
from .output import fail, print_json, print_lines, print_result

app = typer.Typer(
    help="Keep labels that people gave, and measure analyses by them.",
    no_args_is_help=True,
    add_completion=False,
)

Analysis = Annotated[
    str | None,
    typer.Option(
        metavar="ANALYSIS",
        help="Analysis whose schema the labels must fit. Default: that of the set, or "
        "call_review_v1.",
    ),
]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Name of the set: a-z, 0-9 and -.")],
    file: Annotated[
        str,
        typer.Argument(
            help="Labels: JSON Lines, JSON, CSV, Parquet or Excel, gzip or zstd; - for standard "
            "input."
        ),
    ],
    analysis: Analysis = None,
    extend: Annotated[
        bool,
        typer.Option(
            "--extend", help="Keep the labels that the newest version has of other records."
        ),
    ] = False,
    allow_missing: Annotated[
        bool,
        typer.Option("--allow-missing", help="Leave out lines whose record is not in the source."),
    ] = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Add a file of labels as a new version of a golden set; it replaces the version before.

    Each line names its record by record_id, or by interactionId, referenceId and
    phone_number_token, and labels any columns of the analysis. Every value is checked. The same
    labels again change nothing. With one problem nothing is added.

    Examples:
        troupe golden add tones labels.csv
        troupe golden add tones more.jsonl --extend
        troupe golden add risks risks.csv --analysis compliance_check_v1
    """
    with standard_input([file]) as stdin:
        is_stdin = file == STANDARD_INPUT
        answer = call(
            add_golden,
            golden=name,
            file=stdin if is_stdin else str(Path(file).resolve()),
            name="standard input" if is_stdin else file,
            analysis=analysis,
            extend=extend,
            allow_missing=allow_missing,
            dry_run=dry_run,
        )
    if as_json:
        print_json(answer)
    else:
        print_lines(added_lines(answer, dry_run=dry_run))


@app.command(name="list")
def list_sets(
    name: Annotated[
        str | None, typer.Argument(help="Set whose versions to list. Default: the newest of all.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the golden sets, or all versions of one.

    Examples:
        troupe golden list
        troupe golden list tones
    """
    answer = call(list_golden, golden=name)
    print_result(answer, sets_lines, as_json=as_json)


@app.command()
def check(
    name: Annotated[str, typer.Argument(metavar="NAME[@VERSION]", help="The golden set.")],
    analysis: Analysis = None,
    as_json: AsJson = False,
) -> None:
    """Check a golden set: its records, its labels, and whether they are enough to tell.

    It ends with 1 if a record is not in the source, or a label does not fit the schema any more.

    Examples:
        troupe golden check tones
        troupe golden check tones@1 --analysis call_review_v2
    """
    answer = call(check_golden, golden=name, analysis=analysis)
    print_result(answer, check_lines, as_json=as_json)
    if answer.problems:
        fail("\n".join(problem_lines(answer)), ExitCode.FAILED)
