"""The page *Compare*: two runs, versions of an analysis, or golden sets, record by record."""

from starlette.requests import Request
from starlette.responses import Response

from troupe.cli.client import CallFailed
from troupe.console.client import Client, client_of
from troupe.console.rendering import render
from troupe.operations.analyses import list_analyses
from troupe.operations.list_runs import list_runs
from troupe.operations.quality.compare import compare
from troupe.operations.quality.compare_sides import EXPECTED, FILE
from troupe.operations.quality.golden_sets import list_golden
from troupe.quality.comparison import Comparison
from troupe.report.html.compare import comparison_sections

MOST_OFFERED = 50
"""Runs that the form offers by name; others can be typed."""
SIDES = "a run, an analysis version, or golden:NAME"
"""What a side may be here: the console reads no files."""


async def index(request: Request) -> Response:
    """Show the form, and the comparison of the sides that the address names."""
    client = client_of(request)
    a, b, columns = (request.query_params.get(name, "").strip() for name in ("a", "b", "columns"))
    found, problem = None, ""
    if a or b:
        try:
            found = await _compared(client, a, b, columns)
        except CallFailed as error:
            problem = str(error).replace(EXPECTED, SIDES)
    return render(
        request,
        "compare.html",
        status_code=400 if problem else 200,
        a=a,
        b=b,
        columns=columns,
        problem=problem,
        sides=await _sides(client),
        comparison=found,
        sections=comparison_sections(found, "/records/") if found else "",
    )


async def _compared(client: Client, a: str, b: str, columns: str) -> Comparison:
    if not a or not b:
        raise CallFailed("name both sides")
    for side in (a, b):
        if side.startswith(FILE):
            raise CallFailed(
                "the console reads no files: add the labels as a golden set with `troupe golden add`"
            )
    names = [name.strip() for name in columns.split(",") if name.strip()]
    return await client.shared(compare, a=a, b=b, columns=names or None)


async def _sides(client: Client) -> list[str]:
    """What the form offers: the newest runs, analyses and golden sets."""
    runs = (await client.shared(list_runs, limit=MOST_OFFERED)).runs
    installed = (await client.shared(list_analyses)).analyses
    golden = (await client.shared(list_golden)).sets
    return [
        *(run.run_id for run in runs),
        *(each.name for each in installed),
        *(f"golden:{each.golden}" for each in golden),
    ]
