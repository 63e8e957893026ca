"""Analyses of your own: checked before anything is spent, added without touching code."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from .client import call, fail
from .options import HOME, Home, print_json, print_lines

if TYPE_CHECKING:
    from analysis import Analysis
    from tracking.tables import Column

analysis = typer.Typer(help="Bring your own prompt, schema and columns.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="Named like compliance_check_v1.")]


@analysis.command(name="list")
def show(home: Home = HOME) -> None:
    """The analyses that a run can ask for."""
    from troupe.backends.local.analysis_store import own_analyses
    from troupe.backends.local.errors import InvalidHome

    try:
        known = own_analyses(home)
    except InvalidHome as problem:
        fail(str(problem))
    print_lines([f"{name:<32} {known.load(name).table}" for name in known.names])


@analysis.command()
def check(folder: Folder, home: Home = HOME) -> None:
    """Say what is wrong with an analysis, or what it would ask and store."""
    from analysis import AnalysisError, PreflightError
    from troupe.analysis_folders import problems_of_folder
    from troupe.backends.local.analysis_store import examine
    from troupe.backends.local.errors import InvalidHome

    folder = folder.resolve()
    problems = problems_of_folder(folder)
    if not problems:
        try:
            good = examine(home, folder)
        except AnalysisError as problem:
            problems = [str(problem)]
        except PreflightError as problem:
            problems = [f"{folder.name}/schema.json: Vertex would refuse the file: {problem}"]
        except InvalidHome as problem:
            fail(str(problem))
    if problems:
        fail("\n".join([f"{len(problems)} to correct in {folder}", *problems]), 1)
    print_lines(
        [
            f"{good.name} is sound",
            f"asks {good.model} for at most {good.max_output_tokens:,} tokens an answer",
            f"a request is {good.line_overhead_bytes:,} bytes and its transcript",
            f"rows go to {good.table}:",
            *(
                f"  {column.name:<32} {column.type:<9} {column.mode}"
                for column in _columns_of(good)
            ),
        ]
    )


@analysis.command()
def add(folder: Folder, home: Home = HOME) -> None:
    """Keep a copy for this state folder; then `troupe request --analysis NAME`."""
    added = call(home, "add_analysis", folder=str(folder.resolve()))
    typer.echo(f"added {added['name']}; rows go to {added['table']}")


@analysis.command()
def schema(folder: Folder) -> None:
    """Print the output table's schema as BigQuery takes it, for Terraform."""
    from analysis import AnalysisError
    from troupe.analysis_folders import load_folder

    folder = folder.resolve()
    try:
        columns = _columns_of(load_folder(folder))
    except AnalysisError as problem:
        fail(str(problem))
    print_json(msgspec.to_builtins(columns))


def _columns_of(of: "Analysis") -> "tuple[Column, ...]":
    """Of its output table. Raises `AnalysisError` for a table that is not its own."""
    from handlers.attempts.output_columns import output_tables

    return output_tables([of])[of.table]
