"""The web application: the address of every page, and what an error looks like."""

import logging
from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from troupe.cli.client import CallFailed

from .client import Client, status_of
from .live import LiveRuns
from .pages import (
    actions,
    analyses,
    answers,
    compare,
    costs,
    dead_letters,
    records,
    review,
    run,
    runs,
)
from .pages.actions import Published
from .rendering import STATIC, render, static_file
from .security import Guard, Sessions

log = logging.getLogger(__name__)


async def static(request: Request) -> Response:
    """Return a style or the script."""
    name = request.path_params["name"]
    if name not in STATIC:
        raise HTTPException(404)
    return Response(static_file(name), media_type=STATIC[name])


ROUTES = [
    Route("/static/{name}", static, name="static"),
    Route("/", runs.index, name="runs"),
    Route("/runs/{run_id}", run.index, name="run"),
    Route("/runs/{run_id}/events", run.events, name="run_events"),
    Route("/runs/{run_id}/report", run.report, name="run_report"),
    Route("/runs/{run_id}/timeline", run.timeline, name="run_timeline"),
    Route("/actions/{action}", actions.form, name="action"),
    Route("/actions/{action}", actions.confirm, methods=["POST"], name="confirm"),
    Route("/actions/{action}/preview", actions.preview, methods=["POST"], name="preview"),

    Route("/records", records.index, name="records"),
    Route("/records", records.search, methods=["POST"]),
    Route("/records/{record_id}", records.show, name="record"),

    Route("/answers", answers.index, name="answers"),

    Route("/costs", costs.index, name="costs"),

    Route("/analyses", analyses.index, name="analyses"),
    Route("/analyses/{name}", analyses.show, name="analysis"),
    Route("/analyses/{name}/try", analyses.try_it, methods=["POST"]),

    Route("/compare", compare.index, name="compare"),

    Route("/review", review.index, name="review"),
    Route("/review/draw", review.draw, name="review_draw", methods=["POST"]),
    Route("/review/{sample}", review.sample, name="review_sample"),
    Route("/review/{sample}/{reviewer}", review.first, name="review_first"),
    Route("/review/{sample}/{reviewer}/labels.jsonl", review.labels, name="review_labels"),
    Route("/review/{sample}/{reviewer}/{record}", review.record, name="review_record"),
    Route(
        "/review/{sample}/{reviewer}/{record}", review.save, name="review_save", methods=["POST"]
    ),

    Route("/dead-letters", dead_letters.index, name="dead_letters"),
    Route("/dead-letters/{letter:path}", dead_letters.letter, name="dead_letter"),
]  # fmt: skip
"""Every page. One that changes something takes `POST` alone: `methods=["POST"]`."""


def make_app(
    client: Client, sessions: Sessions, hosts: Iterable[str], *, secure: bool = False
) -> Guard:
    """Return the application. `hosts`: the values of `Host` under which it is reached."""
    app = Starlette(
        routes=ROUTES,
        exception_handlers={
            CallFailed: _call_failed,
            HTTPException: _not_served,
            Exception: _broken,
        },
    )
    app.router.redirect_slashes = False
    app.state.client = client
    app.state.live = LiveRuns(client)
    app.state.published = Published()
    return Guard(app, sessions, frozenset(each.lower() for each in hosts), secure)


async def _call_failed(request: Request, error: Exception) -> Response:
    """Show why an operation has no answer, and what to do."""
    assert isinstance(error, CallFailed)  # noqa: S101  (the type of the table above)
    status = status_of(error, names_something=bool(request.path_params))
    return render(request, "error.html", status_code=status, problem=str(error))


async def _not_served(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    problem = "there is no such page" if error.status_code == 404 else error.detail
    if not hasattr(request.state, "session"):
        return Response(problem, error.status_code)
    return render(request, "error.html", status_code=error.status_code, problem=problem)


async def _broken(request: Request, error: Exception) -> Response:
    """Show that the console has a fault. The log names its place, and never its text."""
    log.error("page_failed", exc_info=error, extra={"page": request.url.path})
    problem = f"{type(error).__name__} in the console: its log names the place"
    return render(request, "error.html", status_code=500, problem=problem)
