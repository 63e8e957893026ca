"""All actions: a form or a button, then a preview, then a confirmation that publishes once."""

import asyncio
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from events.ids import console_command
from troupe import operations
from troupe.cli.client import CallFailed
from troupe.cli.option_errors import name_options
from troupe.console.actions import ACTIONS, Action, Ids, NothingDone, Values, first, kept
from troupe.console.client import Client, client_of
from troupe.console.rendering import render
from troupe.console.request_form import FIELDS
from troupe.console.security import field_of, form_of, session_of
from troupe.exit_codes import ExitCode
from troupe.operations.analyses import list_analyses
from troupe.operations.dead_letters import show_letter

TOKEN = re.compile(r"[0-9a-f]{16}")
RUN_ID = re.compile(r"[a-z0-9-]{1,40}")
_NO_NAME = re.compile(r"[^A-Za-z0-9.@-]+")
"""Signs of a user's address that an id does not hold."""
MOST_REMEMBERED = 1_000
MOST_SHOWN = 100
"""Letters of a wrong value that an error repeats."""
PREFILLED = ("analysis", "mode", "limit", "golden")
"""Fields of a request that an address may hold: none of them is personal."""


@dataclass(slots=True)
class Published:
    """The confirmations that were carried out, by their tokens: a second one gets the first's answer."""

    _answers: dict[str, "asyncio.Task[str]"] = field(default_factory=dict)

    def known(self, token: str) -> "asyncio.Task[str] | None":
        """Return what became of an earlier confirmation; one that failed may be sent again."""
        answer = self._answers.get(token)
        if answer is None or (answer.done() and (answer.cancelled() or answer.exception())):
            return None
        return answer

    def keep(self, token: str, answer: "asyncio.Task[str]") -> None:
        """Keep an answer; the oldest of too many is forgotten."""
        self._answers[token] = answer
        while len(self._answers) > MOST_REMEMBERED:
            del self._answers[next(iter(self._answers))]


async def form(request: Request) -> Response:
    """Show the form of a request; the other actions begin on the pages that they belong to."""
    _refuse_read_only(request)
    if request.path_params["action"] != "request":
        raise HTTPException(404)
    given = {
        name: [request.query_params[name]] for name in PREFILLED if name in request.query_params
    }
    return await _form(request, given)


async def _form(request: Request, values: Values, problem: str = "") -> Response:
    """Offer the installed analyses, and one that was named although it is not installed."""
    status_code = 400 if problem else 200
    installed = [each.name for each in (await client_of(request).shared(list_analyses)).analyses]
    named = first(values, "analysis")
    return render(
        request, "request.html", entry="runs", fields=FIELDS, values=values, problem=problem,
        analyses=list(dict.fromkeys([*installed, *([named] if named else [])])),
        status_code=status_code,
    )  # fmt: skip


async def preview(request: Request) -> Response:
    """Show what an action would do, and ask for a confirmation that names the numbers."""
    _refuse_read_only(request)
    name, action = _action(request)
    return await _previewed(request, name, action)


async def _previewed(request: Request, name: str, action: Action, notice: str = "") -> Response:
    """Show the preview; `notice`: why a confirmation led back to it."""
    values = kept(form_of(request), action.fields)
    try:
        found = await action.preview(client_of(request), values)
    except CallFailed as error:
        return await _mistake(request, name, values, error)
    token = secrets.token_hex(8)
    return render(
        request, "confirm.html", entry="runs", name=name, action=action, preview=found, token=token,
        run_id=f"run-{datetime.now(UTC):%Y%m%d-%H%M%S}-{token[:4]}",
        values=values, notice=notice, status_code=409 if notice else 200,
    )  # fmt: skip


async def confirm(request: Request) -> Response:
    """Publish the command of a preview, once for each token; then show what became of it."""
    _refuse_read_only(request)
    name, action = _action(request)
    token, run_id = field_of(request, "token"), field_of(request, "new_run_id")
    if not TOKEN.fullmatch(token) or not RUN_ID.fullmatch(run_id):
        raise HTTPException(400, "the form has no token: load the preview again")
    by = _NO_NAME.sub("-", session_of(request).user)[:60]
    ids = Ids(command_id=console_command(by, token), run_id=run_id)
    published: Published = request.app.state.published
    answer = published.known(token)
    if answer is None:
        values = kept(form_of(request), action.fields)
        answer = asyncio.ensure_future(_publish(action, request, values, ids))
        published.keep(token, answer)
    try:
        # A browser that goes away does not take the command back.
        return RedirectResponse(await asyncio.shield(answer), 303)
    except NothingDone as error:
        return await _previewed(request, name, action, str(error))
    except CallFailed as error:
        return await _mistake(request, name, kept(form_of(request), action.fields), error)


async def _publish(action: Action, request: Request, values: Values, ids: Ids) -> str:
    return await action.publish(client_of(request), values, ids)


async def _mistake(request: Request, name: str, values: Values, error: CallFailed) -> Response:
    """Name the field that is wrong; the form of a request keeps what was typed."""
    if error.code != ExitCode.USAGE:
        raise error
    named = dict.fromkeys(ACTIONS[name].fields) | {
        name: each[0][:MOST_SHOWN] for name, each in values.items()
    }
    problem = name_options(str(error), named)
    if name == "request":
        return await _form(request, values, problem)
    status_code = 404 if await _names_unknown(client_of(request), values) else 400
    return render(request, "error.html", entry="runs", problem=problem, status_code=status_code)


async def _names_unknown(client: Client, values: Values) -> bool:
    """Tell whether a form is about a run or a dead letter that does not exist."""
    run_id = first(values, "run_id") or first(values, "of_run")
    letter_id = first(values, "letter_id")
    try:
        if run_id:
            await client.call(operations.status, run_id=run_id, recount=False)
        if letter_id:
            await client.call(show_letter, letter_id=letter_id)
    except CallFailed as error:
        return error.code == ExitCode.USAGE
    return False


def _action(request: Request) -> tuple[str, Action]:
    name = request.path_params["action"]
    if name not in ACTIONS:
        raise HTTPException(404)
    return name, ACTIONS[name]


def _refuse_read_only(request: Request) -> None:
    if client_of(request).read_only:
        raise HTTPException(403, "this console is read-only")
