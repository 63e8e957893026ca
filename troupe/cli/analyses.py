"""The commands `analysis`: list, check and add analyses of your own, without a change of code."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from analysis import Analysis, AnalysisError, PreflightError
from tracking.tables import Column
from troupe.analysis_folders import load_folder, problems_of_folder
from troupe.backends.defaults import output_tables
from troupe.backends.local.analysis_store import examine, own_analyses
from troupe.backends.local.operations import add_analysis
from troupe.backends.local.state_folder import InvalidHome

from .client import call, local_only
from .output import fail, print_json, print_lines
from .target import target

app = typer.Typer(
    help="Check and add analyses of your own: prompt, schema and columns.",
    no_args_is_help=True,
    add_completion=False,
)

Folder = Annotated[
    Path, typer.Argument(help="Folder of the analysis, with a name like compliance_check_v1.")
]


@app.command(name="list")
def list_analyses() -> None:
    """List the analyses that a run can use, with their output tables.

    Examples:
        troupe analysis list
    """
    try:
        known = own_analyses(target().home)
    except InvalidHome as error:
        fail(str(error))
    print_lines([f"{name:<32} {known.load(name).table}" for name in known.names])


@app.command()
def check(folder: Folder) -> None:
    """Check an analysis and show what it would request and store; end with 1 for a problem.

    Examples:
        troupe analysis check compliance_check_v1
    """
    folder = folder.resolve()
    problems = problems_of_folder(folder)
    if not problems:
        try:
            analysis = examine(target().home, folder)
        except AnalysisError as error:
            problems = [str(error)]
        except PreflightError as error:
            problems = [f"{folder.name}/schema.json: Vertex would refuse the file: {error}"]
        except InvalidHome as error:
            fail(str(error))
    if problems:
        fail("\n".join([f"{len(problems)} to correct in {folder}", *problems]), 1)
    print_lines(
        [
            f"{analysis.name} is valid",
            f"model {analysis.model}, at most {analysis.max_output_tokens:,} tokens an answer",
            f"a request has {analysis.line_overhead_bytes:,} bytes and its transcript",
            *_attributes(analysis),
            f"rows go to {analysis.table}:",
            *(
                f"  {column.name:<32} {column.type:<9} {column.mode}"
                for column in _columns_of(analysis)
            ),
        ]
    )


def _attributes(analysis: Analysis) -> list[str]:
    """What a request has beside its transcript, and what runs may filter by."""
    if not analysis.attributes:
        return []
    names = ", ".join(f"{name} ({kind})" for name, kind in analysis.attributes.items())
    used = ", ".join(analysis.template.attributes) or "none"
    return [f"call attributes: {names}; in the prompt: {used}"]


@app.command()
def add(folder: Folder) -> None:
    """Copy an analysis into the state folder, and create its output table.

    On Google Cloud, Terraform adds analyses. Local backend only.

    Examples:
        troupe analysis add compliance_check_v1
        troupe request --analysis compliance_check_v1
    """
    local_only("analysis add")
    added = call(add_analysis, folder=str(folder.resolve()))
    typer.echo(f"added {added.name}; rows go to {added.table}")


@app.command()
def schema(folder: Folder) -> None:
    """Print the schema of the output table as BigQuery's JSON, for Terraform.

    Examples:
        troupe analysis schema compliance_check_v1
    """
    folder = folder.resolve()
    try:
        columns = _columns_of(load_folder(folder))
    except AnalysisError as error:
        fail(str(error))
    print_json(msgspec.to_builtins(columns))


def _columns_of(analysis: Analysis) -> tuple[Column, ...]:
    """Return the columns of its output table. Raises `AnalysisError` for a reserved table."""
    return output_tables([analysis])[analysis.table]
