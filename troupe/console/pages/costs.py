"""The page *Costs*: what was paid by analysis, week, label and run."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from analysis.models import is_simulated
from troupe.cli.client import CallFailed
from troupe.console.client import client_of
from troupe.console.rendering import render
from troupe.operations.analyses import list_analyses
from troupe.operations.cost_overview import CostOverview, cost_overview
from troupe.operations.costs import LABEL, costs
from troupe.report import formatting, labels
from troupe.report.html.column_charts import value_name
from troupe.report.html.elements import Bar, Markup, bars

MOST_GROUPS = 200
"""Values of a label or an attribute that are listed."""


async def index(request: Request) -> Response:
    """Show all costs, or those of one analysis; `by` groups them besides."""
    client, given = client_of(request), request.query_params
    analysis, by = given.get("analysis") or None, given.get("by") or None
    installed = await client.shared(list_analyses)
    names = {*(each.name for each in installed.analyses), *installed.removed}
    if analysis and analysis not in names:
        raise CallFailed(f"invalid analysis: use {', '.join(sorted(names))}")
    found = await client.shared(cost_overview, analysis=analysis, after=given.get("after") or None)
    grouped = await client.shared(costs, analysis=analysis, by=by) if by else None
    attributes = sorted({name for each in installed.analyses for name in each.grouped})
    return render(
        request,
        "costs.html",
        found=found,
        analysis=analysis,
        analyses=sorted(names),
        by=by,
        ways=[*((f"{LABEL}{key}", f"label {key}") for key in found.labels),
              *((name, labels.plain(name)) for name in attributes)],
        groups=grouped.groups[:MOST_GROUPS] if grouped else None,
        groups_left=max(0, len(grouped.groups) - MOST_GROUPS) if grouped else 0,
        weeks=_weeks(found),
        next=_address(analysis, by, found.after) if found.after else None,
        first=given.get("after") is None,
        model=labels.model,
        simulated=is_simulated,
        value_name=value_name,
    )  # fmt: skip


def _address(analysis: str | None, by: str | None, after: str) -> str:
    asked = {"analysis": analysis, "by": by, "after": after}
    return "/costs?" + urlencode({name: value for name, value in asked.items() if value})


def _weeks(found: CostOverview) -> list[tuple[str, Markup]]:
    """A list of bars for what was paid, and one for what was simulated."""
    shown = []
    for simulated in (False, True):
        weeks = [each for each in found.weeks if each.simulated == simulated]
        if weeks:
            title = "Simulated: what it would have cost" if simulated else "Paid"
            lines = [
                Bar(
                    f"{week.begins}",
                    week.cost or 0.0,
                    formatting.dollars(week.cost),
                    formatting.plural(week.runs, "run"),
                )
                for week in weeks
            ]
            shown.append((title, bars(lines)))
    return shown
