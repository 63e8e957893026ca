"""The page of a run, live; its report, and its timeline."""

import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from events.ids import RUN_ID
from handlers.summary.run_summary import RunSummary
from troupe import operations
from troupe.cli.client import CallFailed
from troupe.console import run_view
from troupe.console.client import client_of
from troupe.console.live import LiveRuns, is_over
from troupe.console.rendering import fragment, render
from troupe.console.security import session_of
from troupe.console.steps import clicks
from troupe.operations.explain import explain
from troupe.operations.histories import RunHistory
from troupe.report.html.page import report_sections
from troupe.report.live.snapshot import Snapshot
from troupe.report.text.history import history_lines
from troupe.report.text.outcome import SIMULATED, happened, stuck
from troupe.report.text.status import cancellation_lines

PARTS = ("state", "progress", "held", "errors", "batches")
"""Parts of the page that are replaced while it is open; `templates/run/` has each."""
MOST_LOOKS = 60
"""So often a page looks for a run that was requested, every five seconds."""
CSRF_MARK = "csrf-of-the-viewer"
"""Parts are rendered once for all viewers: each gets the secret of their own session."""


async def index(request: Request) -> Response:
    """Show a run: how far it is, what it costs, what failed and what holds it up."""
    run_id = request.path_params["run_id"]
    try:
        snapshot = await live_of(request).newest(run_id)
    except CallFailed:
        looks = looks_of(request)
        if not (0 <= looks < MOST_LOOKS and re.search(RUN_ID, run_id)):
            raise
        return render(request, "requested.html", entry="runs", run_id=run_id, looks=looks + 1)
    context = view(snapshot, run_id)
    return render(
        request, "run.html", entry="runs", parts=PARTS, moves=not is_over(snapshot),
        cancels=request.query_params.get("requested") == "cancel", **context,
    )  # fmt: skip


def looks_of(request: Request) -> int:
    """Return how often a page has looked for its requested run; -1: it was not requested here."""
    looks = request.query_params.get("requested")
    if looks is None:
        return -1
    if looks in ("yes", "cancel"):
        return 0
    return int(looks) if looks.isascii() and looks.isdecimal() and len(looks) < 6 else -1


async def events(request: Request) -> Response:
    """Send the parts that change, as server-sent events, until the run is over."""
    run_id = request.path_params["run_id"]
    await live_of(request).newest(run_id)  # an unknown run has no stream
    return StreamingResponse(
        _stream(request, run_id) if request.method == "GET" else (),
        media_type="text/event-stream",
        headers={"x-accel-buffering": "no"},
    )


async def _stream(request: Request, run_id: str) -> AsyncIterator[bytes]:
    csrf, live = session_of(request).csrf, live_of(request)
    async for parts in live.watch(run_id, _renderer(request, run_id)):
        yield _event("parts", {name: each.replace(CSRF_MARK, csrf) for name, each in parts.items()})
    if live.is_over(run_id):
        yield _event("over", {})


def _renderer(request: Request, run_id: str) -> Callable[[Snapshot], dict[str, str]]:
    def rendered(snapshot: Snapshot) -> dict[str, str]:
        context = view(snapshot, run_id) | {"csrf": CSRF_MARK}
        return {name: fragment(request, f"run/{name}.html", **context) for name in PARTS}

    return rendered


def _event(name: str, data: dict[str, str]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), msgspec.json.encode(data))


def live_of(request: Request) -> LiveRuns:
    """Return the runs that are watched."""
    live: LiveRuns = request.app.state.live
    return live


def view(snapshot: Snapshot, run_id: str) -> dict[str, Any]:
    """What the templates of a run show."""
    outcome = snapshot.outcome
    return {
        "run_id": run_id,
        "run": snapshot.run,
        "outcome": outcome,
        "snapshot": snapshot,
        "happened": happened(outcome) if outcome else "",
        "stuck": stuck(outcome) if outcome else [],
        "steps": clicks(outcome.next) if outcome and outcome.is_over else [],
        "simulated": SIMULATED if outcome and outcome.simulated else "",
        "may_cancel": run_view.may_cancel(snapshot),
        "cancellation": cancellation_lines(snapshot.status),
        "funnel": run_view.funnel(snapshot),
        "figures": run_view.figures(snapshot),
        "held_up": run_view.held_up(snapshot),
        "safeguards": run_view.safeguards(snapshot),
        "totals": run_view.totals(snapshot),
        "errors": run_view.error_lines(snapshot, outcome),
        "batches": run_view.batch_lines(snapshot),
        "batch_counts": run_view.batch_counts(snapshot),
    }


async def report(request: Request) -> Response:
    """Show the report of a run: the same sections as `troupe report --html`."""
    run_id = request.path_params["run_id"]
    client = client_of(request)
    found = await client.call(operations.report, run_id=run_id, texts=not client.no_text)
    summary: RunSummary = found.summary
    sections = report_sections(summary, found.outcome, found.reconciliation, found.accuracy)
    return render(request, "run_report.html", entry="runs", run_id=run_id, sections=sections)


async def timeline(request: Request) -> Response:
    """Show what happened to a run, in the order of time."""
    run_id = request.path_params["run_id"]
    found = await client_of(request).call(explain, subject=run_id)
    lines = history_lines(found) if isinstance(found, RunHistory) else []
    return render(request, "run_timeline.html", entry="runs", run_id=run_id, lines=lines)
