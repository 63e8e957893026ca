"""The pages *Analyses* and *Analysis*, on which a prompt is tried on a few transcripts."""

from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from troupe.console import trying
from troupe.console.client import client_of
from troupe.console.rendering import render
from troupe.console.security import field_of
from troupe.operations.analyses import AnalysisDetails, PromptOfRuns, list_analyses, show_analysis
from troupe.quality.accuracy import ColumnAccuracy, GoldenAccuracy
from troupe.report import labels
from troupe.report.html.column_charts import value_name
from troupe.report.text.golden_accuracy import figure, interval

MOST_PROMPTS = 50
"""Prompts of runs that are listed."""
LONGEST_FILE = 20_000
"""Characters of a file that are shown."""


async def index(request: Request) -> Response:
    """List the analyses that a run can use."""
    return render(request, "analyses.html", found=await client_of(request).shared(list_analyses))


async def show(request: Request) -> Response:
    """Show what an analysis asks and stores, its versions, and how right they were."""
    found = await client_of(request).shared(show_analysis, name=request.path_params["name"])
    return render(
        request,
        "analyses.analysis.html",
        found=found,
        files=[
            (name, text[:LONGEST_FILE], len(text) > LONGEST_FILE)
            for name, text in found.files.items()
        ],
        prompts=_prompts(found),
        prompts_left=max(0, len(found.prompts) - MOST_PROMPTS),
        histories=[_history(each) for each in found.accuracy],
    )


def _prompts(found: AnalysisDetails) -> Sequence[tuple[PromptOfRuns, str]]:
    """The prompts of runs, each with what it is: as installed, or another one."""
    return [
        (each, "as installed" if each.prompt_fingerprint == found.prompt_fingerprint else "")
        for each in found.prompts[:MOST_PROMPTS]
    ]


def _history(accuracy: GoldenAccuracy) -> dict[str, object]:
    """A golden set as a table: a row for each version, a column for each labelled column."""
    names = list(
        dict.fromkeys(
            column.column
            for version in accuracy.history
            for column in version.columns
            if column.judged
        )
    )
    rows = [
        (version, [_cell(version.columns, name) for name in names]) for version in accuracy.history
    ]
    name = f"{accuracy.golden} version {accuracy.version}"
    return {
        "name": name,
        "labelled": accuracy.labelled,
        "columns": [labels.plain(each) for each in names],
        "rows": rows,
    }


def _cell(columns: Sequence[ColumnAccuracy], name: str) -> tuple[str, str]:
    """The share of right answers, and its confidence interval."""
    found = next((each for each in columns if each.column == name), None)
    return figure(found), interval(found) if found else ""


async def try_it(request: Request) -> Response:
    """Ask about five transcripts now; a model that is paid is asked after a confirmation alone."""
    client, name = client_of(request), request.path_params["name"]
    if client.no_text:
        raise HTTPException(403, "this console shows no texts")
    if client.read_only:
        raise HTTPException(403, "this console is read-only, and asks no model")
    seed = field_of(request, "seed", "0") or "0"
    prepared = await trying.prepare(client, name, seed)
    confirmed = not client.target.is_gcp or field_of(request, "confirmed") == "yes"
    result = await trying.ask(prepared) if confirmed else None
    return render(
        request,
        "analyses.try.html",
        name=name,
        seed=seed,
        next_seed=str(int(seed) + 1) if seed.isdecimal() and len(seed) < 9 else "0",
        line=prepared.line,
        result=result,
        value_name=value_name,
    )
