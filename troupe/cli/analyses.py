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
from troupe.deployment.answers_view import answers_view
from troupe.exit_codes import ExitCode

from .client import call, local_only
from .options import AsJson
from .output import fail, print_json, print_lines
from .results import AnalysisCheck, AnalysisView, InstalledAnalysis
from .target import target
from .try_analysis import try_analysis

app = typer.Typer(
    help="Check and add analyses of your own: prompt, schema and columns.",
    no_args_is_help=True,
    add_completion=False,
)

Folder = Annotated[
    Path, typer.Argument(help="Folder of the analysis, with a name like compliance_check_v1.")
]


@app.command(name="list")
def list_analyses(as_json: AsJson = False) -> None:
    """List the analyses that a run can use, with their output tables.

    Examples:
        troupe analysis list
    """
    try:
        known = own_analyses(target().home)
    except InvalidHome as error:
        fail(str(error), ExitCode.FAILED)
    found = [InstalledAnalysis(name=name, table=known.load(name).table) for name in known.names]
    if as_json:
        print_json(found)
    else:
        print_lines([f"{each.name:<32} {each.table}" for each in found])


@app.command()
def check(folder: Folder, as_json: AsJson = False) -> None:
    """Check an analysis and show what it would request and store; end with 1 for a problem.

    Examples:
        troupe analysis check compliance_check_v1
    """
    folder = folder.resolve()
    problems, analysis = problems_of_folder(folder), None
    if not problems:
        try:
            analysis = examine(target().home, folder)
        except AnalysisError as error:
            problems = [str(error)]
        except PreflightError as error:
            problems = [f"{folder.name}/schema.json: Vertex would refuse the file: {error}"]
        except InvalidHome as error:
            fail(str(error), ExitCode.FAILED)
    result = _checked(folder, problems, analysis)
    if as_json:
        print_json(result)
    if problems:
        fail("\n".join([f"{len(problems)} to correct in {folder}", *problems]), ExitCode.FAILED)
    if not as_json:
        print_lines(
            [
                f"{result.name} is valid",
                f"model {result.model}, at most {result.max_output_tokens:,} tokens an answer",
                f"a request has {result.request_overhead_bytes:,} bytes and its transcript",
                *_attribute_lines(result),
                *_redaction_lines(result),
                f"rows go to {result.table}:",
                *(
                    f"  {column.name:<32} {column.type:<9} {column.mode}"
                    for column in result.columns
                ),
            ]
        )


def _checked(folder: Path, problems: list[str], analysis: Analysis | None) -> AnalysisCheck:
    if analysis is None:
        return AnalysisCheck(folder=str(folder), problems=problems)
    return AnalysisCheck(
        folder=str(folder),
        problems=[],
        name=analysis.name,
        model=analysis.model,
        max_output_tokens=analysis.max_output_tokens,
        request_overhead_bytes=analysis.line_overhead_bytes,
        redact=analysis.redaction.redact,
        redaction_rules=tuple(rule.name for rule in analysis.redaction.rules),
        table=analysis.table,
        columns=_columns_of(analysis),
        attributes=dict(analysis.attributes),
        prompt_attributes=list(analysis.template.attributes),
    )


def _attribute_lines(result: AnalysisCheck) -> list[str]:
    """What a request has beside its transcript, and what runs may filter by."""
    if not result.attributes:
        return []
    names = ", ".join(f"{name} ({kind})" for name, kind in result.attributes.items())
    used = ", ".join(result.prompt_attributes) or "none"
    return [f"call attributes: {names}; in the prompt: {used}"]


@app.command()
def add(folder: Folder, as_json: AsJson = False) -> None:
    """Copy an analysis into the state folder, and create its output table.

    On Google Cloud, Terraform adds analyses. Local backend only.

    Examples:
        troupe analysis add compliance_check_v1
        troupe request --analysis compliance_check_v1
    """
    local_only("analysis add")
    added = call(add_analysis, folder=str(folder.resolve()))
    if as_json:
        print_json(added)
    elif added.has_new_rules:
        typer.echo(
            f"replaced the redaction rules of {added.name}; runs that are planned keep theirs"
        )
    else:
        typer.echo(f"added {added.name}; rows go to {added.table}")


@app.command()
def schema(folder: Folder, as_json: AsJson = True) -> None:
    """Print the schema of the output table as BigQuery's JSON, for Terraform; --json changes nothing.

    Examples:
        troupe analysis schema compliance_check_v1
    """
    folder = folder.resolve()
    try:
        columns = _columns_of(load_folder(folder))
    except AnalysisError as error:
        fail(str(error))
    print_json(msgspec.to_builtins(columns))


@app.command()
def view(folder: Folder, as_json: AsJson = False) -> None:
    """Print the part of the view answers_daily for an analysis as SQL, for Terraform.

    Examples:
        troupe analysis view compliance_check_v1
    """
    try:
        analysis = load_folder(folder.resolve())
    except AnalysisError as error:
        fail(str(error))
    sql = answers_view(analysis)
    if as_json:
        print_json(AnalysisView(analysis=analysis.name, sql=sql))
    else:
        typer.echo(sql, nl=False)


app.command(name="try")(try_analysis)


def _redaction_lines(found: AnalysisCheck) -> list[str]:
    if not found.redaction_rules:
        return []
    if found.redact == "off":
        return ["redaction is off: transcripts are sent as they are"]
    counted = ", counted" if found.redact == "report" else ""
    return [f"redacted before it is sent{counted}: {', '.join(found.redaction_rules)}"]


def _columns_of(analysis: Analysis) -> tuple[Column, ...]:
    """Return the columns of its output table. Raises `AnalysisError` for a reserved table."""
    return output_tables([analysis])[analysis.table]
