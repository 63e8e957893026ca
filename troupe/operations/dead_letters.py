"""List and show dead letters, and request that they are replayed or discarded."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from events import DiscardRequested, ReplayRequested, Unreadable, read_event
from events.cloudevents import data_of
from events.commands import MOST_LETTERS
from events.ids import letter_id, parse_letter_id
from tracking.statements import fragment

from .backend import Backend, InvalidOperation, publish_command


class DeadLetterGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Dead letters of one handler with one cause."""

    handler: str
    cause: str
    count: int
    oldest_seconds: float
    is_replayable: bool = True
    """False where no event of the event log is among them: they can be discarded only."""
    detail: str | None = None
    """What the handler met, in the newest of them."""


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter that waits: a row of `queries/events/waiting_letters.sql`, without its body."""

    event_id: str
    """Id of the event; of a message that is no event of the event log the message id."""
    handler: str
    generation: int
    """How many times the event had been replayed for this handler."""
    topic: str
    run_id: str | None
    batch: int | None
    attempt: int | None
    cause: str
    detail: str | None
    deliveries: int | None
    dead_lettered_at: datetime
    letter_id: str = ""
    is_replayable: bool = True
    """False for a message that is no event of the event log: it can be discarded only."""


class DeadLetterContent(DeadLetter, frozen=True, kw_only=True):
    """One dead letter with its event. Events carry ids and counts, never transcripts."""

    body: str
    """The data of the event, or the first 4 KB of a message that is no event of the event log."""


class DeadLetterList(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `list_dead_letters`."""

    groups: list[DeadLetterGroup]
    letters: list[DeadLetter]


LetterOutcome = Literal["waiting", "replayed", "discarded", "handled", "not_recorded"]


class LetterResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one dead letter."""

    letter_id: str
    outcome: LetterOutcome
    """`waiting`: the command is not carried out yet. `handled`: the handler finished the event
    meanwhile. `not_recorded`: no event of the event log, so it can be discarded only."""


class LetterResults(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `replay`, `discard` and `letter_results`."""

    letters: list[LetterResult]
    dry_run: bool = False
    """Nothing was requested."""


class HeldUp(msgspec.Struct, frozen=True, kw_only=True):
    """The dead letter that holds up a batch."""

    handler: str
    cause: str
    letter_id: str


class _Row(DeadLetter, frozen=True, kw_only=True):
    """A row of `queries/events/waiting_letters.sql`."""

    body: str | None


def list_dead_letters(
    backend: Backend, handler: str | None = None, cause: str | None = None, since: str | None = None
) -> DeadLetterList:
    """List the waiting dead letters, and group them by handler and cause."""
    letters = _find(backend, handler, cause, _time(since))
    now = backend.clock()
    groups: dict[tuple[str, str], list[_Row]] = {}
    for letter in letters:
        groups.setdefault((letter.handler, letter.cause), []).append(letter)
    return DeadLetterList(
        groups=[
            DeadLetterGroup(
                handler=key[0],
                cause=key[1],
                count=len(found),
                oldest_seconds=(now - found[0].dead_lettered_at).total_seconds(),
                is_replayable=any(letter.is_replayable for letter in found),
                detail=found[-1].detail,
            )
            for key, found in sorted(groups.items())
        ],
        letters=[msgspec.convert(letter, DeadLetter, from_attributes=True) for letter in letters],
    )


def show_letter(backend: Backend, letter_id: str) -> DeadLetterContent:
    """Show one dead letter with its event, by its id or the id of its event."""
    letter = _named(backend, letter_id)
    event_log = backend.dependencies.event_log
    events = event_log.load([letter.event_id], event_log.lookback_start(backend.clock()))
    body = events[0].data.decode() if events and letter.body is None else letter.body
    return msgspec.convert(
        {**msgspec.structs.asdict(letter), "body": body or ""}, DeadLetterContent
    )


def replay(
    backend: Backend,
    handler: str | None = None,
    cause: str | None = None,
    since: str | None = None,
    limit: int | None = None,
    dry_run: bool = False,
    letter_ids: Sequence[str] | None = None,
    command_id: str = "",
) -> LetterResults:
    """Request a replay of the letters that match: their events, for the handler that failed only.

    `letter_ids` are the only ones that may match. Two calls with one `command_id` are one command.
    """
    letters = [
        each
        for each in _find(backend, handler, cause, _time(since))
        if letter_ids is None or each.letter_id in letter_ids
    ]
    replayable = [each.letter_id for each in letters if each.is_replayable][:limit]
    if not dry_run:
        for at in range(0, len(replayable), MOST_LETTERS):
            ids = replayable[at : at + MOST_LETTERS]
            id_ = f"{command_id}-{at}" if command_id else ""
            publish_command(backend, ReplayRequested(letter_ids=ids), id_)
    others = [each.letter_id for each in letters if not each.is_replayable]
    return LetterResults(
        letters=[
            *letter_results(backend, replayable).letters,
            *(LetterResult(letter_id=each, outcome="not_recorded") for each in others),
        ],
        dry_run=dry_run,
    )


def discard(
    backend: Backend, letter_id: str, reason: str, dry_run: bool = False, command_id: str = ""
) -> LetterResults:
    """Request that a dead letter is closed, and the attempt that it holds up without answers.

    Two calls with one `command_id` are one command.
    """
    named = _named(backend, letter_id).letter_id
    command = DiscardRequested(letter_ids=[named], reason=reason)
    try:
        read_event(data_of(command), DiscardRequested)
    except Unreadable as error:
        raise InvalidOperation("--reason: use 1 to 500 characters") from error
    if not dry_run:
        publish_command(backend, command, command_id)
    return msgspec.structs.replace(letter_results(backend, [named]), dry_run=dry_run)


def letter_results(backend: Backend, letter_ids: Sequence[str]) -> LetterResults:
    """Read what became of these letters."""
    letters = {text: letter for text in letter_ids if (letter := parse_letter_id(text))}
    event_log, tracking = backend.dependencies.event_log, backend.dependencies.tracking
    since = event_log.lookback_start(backend.clock())
    states = tracking.letter_states([letter.event_id for letter in letters.values()], since)
    known = {(state.event_id, state.handler): state for state in states}
    results = []
    for text, letter in letters.items():
        state = known.get((letter.event_id, letter.handler))
        outcome: LetterOutcome = "waiting"
        if state is not None and state.generation > letter.generation:
            outcome = "replayed"
        elif state is not None and state.is_done:
            outcome = "discarded" if state.is_discarded else "handled"
        results.append(LetterResult(letter_id=text, outcome=outcome))
    return LetterResults(letters=results)


def held_requests(letters: Iterable[DeadLetter]) -> dict[str, HeldUp]:
    """The runs whose requests wait for an operator, each with its first dead letter."""
    found: dict[str, HeldUp] = {}
    for letter in letters:
        if letter.run_id and not letter.batch:
            held = HeldUp(handler=letter.handler, cause=letter.cause, letter_id=letter.letter_id)
            found.setdefault(letter.run_id, held)
    return found


def held_up(letters: Iterable[DeadLetter], run_id: str) -> dict[int, HeldUp]:
    """The batches of this run that wait for an operator, each with its first dead letter."""
    found: dict[int, HeldUp] = {}
    for letter in letters:
        if letter.run_id == run_id and letter.batch:
            held = HeldUp(handler=letter.handler, cause=letter.cause, letter_id=letter.letter_id)
            found.setdefault(letter.batch, held)
    return found


def _find(
    backend: Backend,
    handler: str | None = None,
    cause: str | None = None,
    since: datetime | None = None,
) -> list[_Row]:
    """The waiting letters that match every given filter, oldest first."""
    return [
        letter
        for letter in _waiting(backend)
        if handler in (None, letter.handler)
        and cause in (None, letter.cause)
        and (since is None or letter.dead_lettered_at >= since)
    ]


def _waiting(backend: Backend) -> Iterable[_Row]:
    dependencies = backend.dependencies
    params = {"since": dependencies.event_log.lookback_start(backend.clock())}
    few = {} if backend.bills_reads else {"of_deliveries": fragment("of_dead_letters")}
    for row in dependencies.tracking.rows("waiting_letters", _Row, params, **few):
        id_ = letter_id(row.event_id, row.handler, row.generation)
        yield msgspec.structs.replace(row, letter_id=id_, is_replayable=row.body is None)


def _named(backend: Backend, letter_id: str) -> _Row:
    """The waiting letter of this id, or of the event of this id."""
    for letter in _waiting(backend):
        if letter_id in (letter.letter_id, letter.event_id):
            return letter
    raise InvalidOperation(f"no dead letter {letter_id} waits; `troupe dead-letters list` has all")


def _time(text: str | None) -> datetime | None:
    """Read --since. Raises `InvalidOperation` for a text that is not a time with a zone."""
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidOperation(
            f"invalid --since {text!r}: use RFC 3339, e.g. 2026-01-31T00:00:00Z"
        ) from error
    if time.tzinfo is None:
        raise InvalidOperation(
            f"invalid --since {text!r}: add a time zone, e.g. 2026-01-31T00:00:00Z"
        )
    return time
