"""What the console can change: each action has a preview, and publishes what the command does.

An action is previewed by the same operation that carries it out. Its confirmation carries a token
that the preview made: the id of the command, or the name of the new run, follows from it, so that
a form that is sent twice is one command.
"""

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from events.commands import MOST_LETTERS
from troupe import operations
from troupe.cli.client import CallFailed
from troupe.operations.dead_letters import discard, replay, show_letter
from troupe.operations.empty_request import Nothing
from troupe.operations.reprocess import ReprocessResult, reprocess
from troupe.operations.reread import reread
from troupe.operations.run_requests import Preview as RunPreview
from troupe.report import formatting, labels
from troupe.report.text.outcome import nothing_lines
from troupe.report.text.preview import preview_lines
from troupe.report.text.status import cancellation_lines

from .client import Client
from .request_form import REQUEST, number_of, request_of

CANCELS = (
    "No further job is created. Answers that were given are kept, and all other records are "
    "released: the next run takes them."
)
BINDS = (
    "The run takes no more records than these. A row that is loaded before its plan may take the "
    "place of another one, which is left to a later run."
)
CANCELS_REQUEST = "Its request is refused when it arrives: no record is sent, and nothing is paid."
DISCARDS = "It is closed for good."
DISCARDS_ATTEMPT = (
    "The attempt that it holds up is closed without answers: the next run plans its records again."
)

Values = Mapping[str, list[str]]
"""Of a form, by field."""


class NothingDone(Exception):
    """A confirmation published nothing, because its preview does not hold any more; says why."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A text that the confirmation asks for."""

    name: str
    label: str
    most: int = 500


@dataclass(frozen=True, slots=True)
class Preview:
    """What an action would do; nothing was published."""

    lines: list[str]
    button: str
    """The confirmation, which names the numbers; empty: there is nothing to do."""
    keep: dict[str, list[str]]
    """Fields that the confirmation sends."""
    ask: Sequence[Ask] = ()
    danger: bool = False
    """It cannot be taken back."""


@dataclass(frozen=True, slots=True)
class Action:
    """A command of the console."""

    title: str
    fields: tuple[str, ...]
    preview: Callable[[Client, Values], Awaitable[Preview]]
    publish: Callable[[Client, Values, "Ids"], Awaitable[str]]
    """Publishes the command; returns the address of the page that shows what became of it."""


@dataclass(frozen=True, slots=True)
class Ids:
    """What follows from the token of a confirmation."""

    command_id: str
    """Names the signed-in user, where there is one."""
    run_id: str
    """Of a new run."""


def first(values: Values, name: str) -> str:
    """Return the first value of a field; empty without one."""
    return values.get(name, [""])[0].strip()


def kept(values: Values, names: Sequence[str]) -> dict[str, list[str]]:
    """Return the fields of an action that were filled in."""
    found = {name: [each for each in values.get(name, []) if each.strip()] for name in names}
    return {name: given for name, given in found.items() if given}


# Cancel


async def _preview_cancel(client: Client, values: Values) -> Preview:
    run_id = first(values, "run_id")
    answer = await client.call(operations.cancel, run_id=run_id, dry_run=True)
    if answer.already:
        return Preview([f"Run {run_id} is {answer.already} already."], "", {})
    found = await client.call(operations.status, run_id=run_id)
    if found.cancellation is not None:
        return Preview([f"Run {run_id}:", *cancellation_lines(found)], "", {})
    keep = {"run_id": [run_id]}
    if not found.runs:
        lines = [f"Run {run_id} is requested and not planned yet.", CANCELS_REQUEST]
        return Preview(lines, f"Cancel the request of run {run_id}", keep, danger=True)
    left = formatting.plural(found.runs[0].records_open, "open record")
    lines = [f"Run {run_id} has {left}.", CANCELS]
    return Preview(lines, f"Cancel run {run_id} with {left}", keep, danger=True)


async def _cancel(client: Client, values: Values, ids: Ids) -> str:
    run_id = first(values, "run_id")
    answer = await client.call(operations.cancel, run_id=run_id, command_id=ids.command_id)
    if answer.already:
        raise NothingDone(f"Run {run_id} is {answer.already} already: nothing was cancelled.")
    return f"/runs/{run_id}?requested=cancel"


# Request


async def _preview_request(client: Client, values: Values) -> Preview:
    fields, further = request_of(values)
    answer = await client.call(operations.request, request=fields, dry_run=True, **further)
    assert isinstance(answer, RunPreview)  # noqa: S101  (the result of a dry run)
    lines = [*answer.warnings, *preview_lines(answer)]
    if not answer.records:
        return Preview(lines, "", {})
    waiting = (await client.call(operations.status, only_open=True)).requests
    if waiting:
        lines.append(f"{formatting.plural(len(waiting), 'request')} not planned yet may take them.")
    lines.append(BINDS)
    button = f"Send {formatting.plural(answer.records, 'record')} for {_cost(answer.cost)}"
    return Preview(lines, button, kept(values, REQUEST) | _bound(answer))


async def _request(client: Client, values: Values, ids: Ids) -> str:
    _refuse_outgrown(values, await _preview_request(client, values))
    fields, further = request_of(values)
    # The plan comes later: of rows that are loaded until then it takes none above this number.
    limit = number_of("limit", first(values, BOUND[0]), whole=True)
    named = {"run_id": ids.run_id} | fields | {"limit": limit}
    answer = await client.call(
        operations.request, request=named, command_id=ids.command_id, **further
    )
    if isinstance(answer, Nothing):
        raise NothingDone("No run was requested.")
    return _new_run(named["run_id"])


# What a confirmation is bound to


BOUND = ("previewed_records", "previewed_cost")
"""Fields of a confirmation: how many records its preview counted, and their highest cost."""


def _bound(answer: RunPreview | ReprocessResult) -> dict[str, list[str]]:
    high = answer.cost[1]
    return {BOUND[0]: [str(answer.records)], BOUND[1]: [] if high is None else [f"{high:.9f}"]}


def _refuse_outgrown(values: Values, now: Preview) -> None:
    """Raise `NothingDone` where more would be sent, or paid, than the button named."""
    if not now.button:
        return
    before, after = _bound_of(values), _bound_of(now.keep)
    if after[0] > before[0]:
        raise NothingDone(
            f"There are {formatting.plural(int(after[0]), 'record')} by now, "
            f"{formatting.count(before[0])} when you confirmed: nothing was sent."
        )
    highest = [formatting.dollars(each[1]) for each in (before, after)]
    if after[1] > before[1] and highest[0] != highest[1]:
        raise NothingDone(
            f"They cost up to {highest[1]} by now, {highest[0]} when you confirmed: "
            "nothing was sent."
        )


def _bound_of(values: Values) -> tuple[float, float]:
    """Return the records and the cost; an unknown cost is above all others."""
    records, cost = (first(values, name) for name in BOUND)
    if not records:
        raise CallFailed("the form has no count of records: load the preview again")
    found = number_of(BOUND[0], records, whole=True)
    return found, float(number_of(BOUND[1], cost)) if cost else math.inf


# Reprocess


_REPROCESS = ("of_run", "error_types", "record_ids", "batches", "changed", "analysis", "budget")


def _reprocess_of(values: Values) -> dict[str, Any]:
    given = kept(values, _REPROCESS)
    request: dict[str, Any] = {
        name: given[name] for name in ("error_types", "record_ids") if name in given
    }
    request |= {name: first(values, name) for name in ("of_run", "analysis") if name in given}
    if "batches" in given:
        request["batches"] = [
            number_of("batches", each.strip(), whole=True) for each in given["batches"]
        ]
    if "changed" in given:
        request["changed"] = True
    if "budget" in given:
        request["budget"] = number_of("budget", first(values, "budget"))
    return request


async def _preview_reprocess(client: Client, values: Values) -> Preview:
    request = _reprocess_of(values)
    answer = await client.call(reprocess, request=request, dry_run=True)
    lines = _reprocess_lines(answer)
    if not answer.records:
        return Preview(lines, "", {})
    button = f"Send {formatting.plural(answer.records, 'record')} again for {_cost(answer.cost)}"
    return Preview(lines, button, kept(values, _REPROCESS) | _bound(answer))


def _reprocess_lines(answer: ReprocessResult) -> list[str]:
    if answer.nothing:
        return _nothing(answer.nothing)
    batches = formatting.plural(answer.batches, "batch", "batches")
    left_out = [
        f"left out: {formatting.count(records)} {labels.skipped(reason)}"
        for reason, records in answer.left_out.items()
    ]
    return [
        f"{formatting.plural(answer.records, 'record')} in {batches}, in a new run",
        f"expected cost {_cost(answer.cost)}",
        *left_out,
    ]


async def _reprocess(client: Client, values: Values, ids: Ids) -> str:
    _refuse_outgrown(values, await _preview_reprocess(client, values))
    request = {"run_id": ids.run_id} | _reprocess_of(values)
    answer = await client.call(reprocess, request=request, command_id=ids.command_id)
    if not answer.run_id:
        raise NothingDone("No run was requested.")
    return _new_run(answer.run_id)


# Read again


async def _preview_reread(client: Client, values: Values) -> Preview:
    of_run = first(values, "of_run")
    answer = await client.call(reread, of_run=of_run, dry_run=True)
    if answer.nothing:
        return Preview(_nothing(answer.nothing), "", {})
    refused = [
        f"{formatting.count(records)} stay without a row: {labels.plain(error)}"
        for error, records in answer.refused.items()
    ]
    lines = [
        f"{formatting.plural(answer.records, 'record')} of run {of_run} have no row.",
        f"{formatting.count(answer.new_rows)} of them would have one now, at no cost.",
        *refused,
    ]
    if not answer.new_rows:
        return Preview(lines, "", {})
    button = f"Read the answers again, for {formatting.plural(answer.new_rows, 'new row')}"
    return Preview(lines, button, {"of_run": [of_run]})


async def _reread(client: Client, values: Values, ids: Ids) -> str:
    of_run = first(values, "of_run")
    answer = await client.call(reread, of_run=of_run, run_id=ids.run_id, command_id=ids.command_id)
    if not answer.run_id:
        raise NothingDone("No run was requested.")
    return _new_run(answer.run_id)


# Dead letters


_REPLAY = ("handler", "cause", "letter_ids")


def _replay_of(values: Values) -> dict[str, Any]:
    given = kept(values, _REPLAY)
    found: dict[str, Any] = {name: first(values, name) for name in _REPLAY[:2] if name in given}
    if "letter_ids" in given:
        found["letter_ids"] = given["letter_ids"]
    return found


async def _preview_replay(client: Client, values: Values) -> Preview:
    answer = await client.call(replay, dry_run=True, **_replay_of(values))
    all_waiting = [each.letter_id for each in answer.letters if each.outcome == "waiting"]
    waiting = all_waiting[:MOST_LETTERS]
    others, left = len(answer.letters) - len(all_waiting), len(all_waiting) - len(waiting)
    letters = formatting.plural(len(waiting), "dead letter")
    lines = [f"{letters} can be replayed: each event goes to the handler that failed, again."]
    if left:
        lines.append(
            f"They are the oldest, as many as one command takes: {formatting.count(left)} more "
            "are left for the next one."
        )
    if others:
        lines.append(
            f"{formatting.plural(others, 'dead letter')} cannot: the event log does not hold "
            "the event, so it can be discarded only."
        )
    if not waiting:
        return Preview(lines, "", {})
    return Preview(lines, f"Replay {letters}", {"letter_ids": waiting})


async def _replay(client: Client, values: Values, ids: Ids) -> str:
    named = _replay_of(values).get("letter_ids", [])
    answer = await client.call(replay, letter_ids=named, command_id=ids.command_id)
    if not answer.letters:
        raise NothingDone("None of these dead letters waits any more: nothing was replayed.")
    return "/dead-letters"


async def _preview_discard(client: Client, values: Values) -> Preview:
    letter = await client.call(show_letter, letter_id=first(values, "letter_id"))
    where = f"run {letter.run_id}" + (f", batch {letter.batch}" if letter.batch else "")
    lines = [
        f"1 dead letter of {letter.handler}, {labels.plain(letter.cause)}"
        + (f", of {where}" if letter.run_id else ""),
        DISCARDS,
        *([DISCARDS_ATTEMPT] if letter.batch else []),
    ]
    keep = {"letter_id": [letter.letter_id]}
    ask = (Ask("reason", "Reason, stored with the event; no personal data"),)
    return Preview(lines, "Discard 1 dead letter", keep, ask, danger=True)


async def _discard(client: Client, values: Values, ids: Ids) -> str:
    await client.call(
        discard,
        letter_id=first(values, "letter_id"),
        reason=first(values, "reason"),
        command_id=ids.command_id,
    )
    return "/dead-letters"


def _new_run(run_id: str) -> str:
    return f"/runs/{run_id}?requested=yes"


def _nothing(nothing: Nothing) -> list[str]:
    return nothing_lines(nothing)[:-1]


def _cost(cost: tuple[float | None, float | None]) -> str:
    return formatting.span(*map(formatting.dollars, cost))


ACTIONS: dict[str, Action] = {
    "request": Action("Request a run", (*REQUEST, *BOUND), _preview_request, _request),
    "cancel": Action("Cancel a run", ("run_id",), _preview_cancel, _cancel),
    "reprocess": Action("Ask again", (*_REPROCESS, *BOUND), _preview_reprocess, _reprocess),
    "reread": Action("Read again", ("of_run",), _preview_reread, _reread),
    "replay": Action("Replay dead letters", _REPLAY, _preview_replay, _replay),
    "discard": Action("Discard a dead letter", ("letter_id", "reason"), _preview_discard, _discard),
}
"""By the name in their address."""
