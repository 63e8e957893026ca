"""The page *Runs*."""

from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from troupe import operations
from troupe.console.client import client_of
from troupe.console.rendering import render
from troupe.operations.list_runs import list_runs
from troupe.operations.outcome import Outcome
from troupe.operations.run_status import Status
from troupe.operations.runs import RunStatus
from troupe.report import formatting
from troupe.report.text.run import spent
from troupe.report.text.status import (
    dead_letter_line,
    refusal_line,
    request_line,
    system_fault_line,
    worker_lines,
)

FILTERS = ("text", "state", "analysis")
STATES = {"": "all", "open": "open", "failures": "with records without a row", "stopped": "stopped"}
MOST_LINES = 12


async def index(request: Request) -> Response:
    """List the runs, the newest first, and say what needs a person."""
    client = client_of(request)
    filters = {name: request.query_params.get(name, "")[:100] for name in (*FILTERS, "before")}
    found = await client.shared(operations.status, only_open=True)
    page = await client.shared(list_runs, **filters)
    kept = {name: filters[name] for name in FILTERS if filters[name]}
    following = f"/?{urlencode(kept | {'before': page.following})}" if page.following else ""
    return render(
        request,
        "runs.html",
        status=found,
        needs=needs(found),
        worker=[each.strip() for each in worker_lines(found)],
        waiting=found.requests[:MOST_LINES],
        waiting_more=max(0, len(found.requests) - MOST_LINES),
        open=[_line(*each) for each in zip(found.runs, found.outcomes, strict=True)][:MOST_LINES],
        lines=[_line(*each) for each in zip(page.runs, page.outcomes, strict=True)],
        filters=filters,
        states=STATES,
        first=f"/?{urlencode(kept)}",
        following=following,
    )


def needs(status: Status) -> list[str]:
    """What waits for a person: dead letters, requests that are stuck, refusals and faults."""
    lines = [
        *(dead_letter_line(group).strip() for group in status.dead_letters),
        *(request_line(each) for each in status.requests if each.held_up),
        *(f"refused: {refusal_line(each).strip()}" for each in status.refusals),
        *(system_fault_line(each).strip() for each in status.system_errors),
    ]
    rest = len(lines) - MOST_LINES
    return [*lines[:MOST_LINES], *([f"and {rest} more"] if rest > 0 else [])]


def _line(run: RunStatus, outcome: Outcome) -> dict[str, Any]:
    return {
        "run": run,
        "outcome": outcome,
        "share": formatting.share_of(run.records_over, run.records),
        "cost": spent(run).removeprefix("cost "),
    }
