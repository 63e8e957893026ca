"""The page *Dead letters*: grouped by handler and cause, each shown, to be replayed or discarded."""

from itertools import islice

from starlette.requests import Request
from starlette.responses import Response

from troupe.console.client import client_of
from troupe.console.rendering import render
from troupe.operations.dead_letters import list_dead_letters, show_letter
from troupe.report import labels

PER_GROUP = 10
"""Letters of a group on the page of all groups."""
PER_PAGE = 100


async def index(request: Request) -> Response:
    """List the groups with their oldest letters, of one handler or cause; a page of one group."""
    handler, cause = (request.query_params.get(name) or None for name in ("handler", "cause"))
    found = await client_of(request).shared(list_dead_letters)
    chosen = [
        group
        for group in found.groups
        if handler in (None, group.handler) and cause in (None, group.cause)
    ]
    is_one = bool(handler and cause)
    page = _number(request.query_params.get("page", "")) if is_one else 0
    groups = []
    for group in chosen:
        of_group = (
            each
            for each in found.letters
            if (each.handler, each.cause) == (group.handler, group.cause)
        )
        page = min(page, max(0, group.count - 1) // PER_PAGE)
        first, most = (page * PER_PAGE, PER_PAGE) if is_one else (0, PER_GROUP)
        groups.append((group, labels.hint(group.cause), [*islice(of_group, first, first + most)]))
    return render(
        request,
        "dead_letters.html",
        groups=groups,
        waits=len(found.letters),
        is_one=is_one,
        is_filtered=bool(handler or cause),
        handler=handler,
        cause=cause,
        number=page,
        per_page=PER_PAGE,
    )


async def letter(request: Request) -> Response:
    """Show one dead letter with its event."""
    found = await client_of(request).call(show_letter, letter_id=request.path_params["letter"])
    return render(
        request,
        "dead_letters.letter.html",
        letter=found,
        hint=labels.hint(found.cause),
        shows_body=found.is_replayable or not client_of(request).no_text,
    )


def _number(text: str) -> int:
    return int(text[:7]) if text.isdecimal() else 0
