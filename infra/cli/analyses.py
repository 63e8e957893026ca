"""Analyses of your own: checked before anything is spent, added without touching code."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from .calling import call, fail
from .options import HOME, Home, print_json, print_lines

analysis = typer.Typer(help="Bring your own prompt, schema and columns.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="Named like compliance_check_v1.")]


@analysis.command(name="list")
def show(home: Home = HOME) -> None:
    """The analyses that a run can ask for."""
    from infra.local.bookshelf import own_analyses

    known = own_analyses(home)
    print_lines([f"{name:<32} {known.load(name).table}" for name in known.names])


@analysis.command()
def check(folder: Folder) -> None:
    """Say what is wrong with an analysis, or what it would ask and store."""
    from analysis import PreflightError, check_template, load_analysis, problems_of

    folder = folder.resolve()
    problems = problems_of(folder)
    if not problems:
        good = load_analysis(folder.name, folder)
        try:
            check_template(good)
        except PreflightError as problem:
            problems = [f"{folder.name}/schema.json: Vertex would refuse the file: {problem}"]
    if problems:
        fail("\n".join([f"{len(problems)} to correct in {folder}", *problems]), 1)
    print_lines(
        [
            f"{good.name} is sound",
            f"asks {good.model} for at most {good.max_output_tokens:,} tokens an answer",
            f"a request is {good.line_overhead_bytes:,} bytes and its transcript",
            f"rows go to {good.table}:",
            *(
                f"  {column.name:<32} {column.type:<8} {column.mode}"
                for column in good.output_columns
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
    from analysis import AnalysisError, load_analysis
    from handlers.columns import output_tables

    folder = folder.resolve()
    try:
        ((_, columns),) = output_tables([load_analysis(folder.name, folder)]).items()
    except AnalysisError as problem:
        fail(str(problem))
    print_json(msgspec.to_builtins(columns))
