"""List, show, replay and discard dead letters."""

from collections import Counter
from datetime import datetime

import msgspec

from events import EVENT_OF_TYPE, Command, Envelope, Event, wrap
from handlers.attempts.discard import discard_attempt
from handlers.dispatch.dead_letters import DETAIL, StoredDeadLetter, replay_attributes
from handlers.dispatch.errors import Wait
from tracking import AttemptKey, Delivery

from .backend import Backend, InvalidOperation
from .dead_letter_subject import attempt_of, envelope_of, placeholder_envelope, subject_of
from .stuck_events import STUCK, stuck_dead_letters

_BEFORE_JOB = ("write-jsonl", "submit-job")
_BEFORE_CLOSING = ("write-jsonl", "submit-job", "process-results")


class DeadLetterGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Dead letters of one handler with one cause."""

    handler: str
    cause: str
    count: int
    oldest_seconds: float


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """One dead letter without its body."""

    letter_id: str
    event_id: str
    topic: str
    handler: str
    cause: str
    detail: str
    dead_lettered_at: datetime


class DeadLetterContent(DeadLetter, frozen=True, kw_only=True):
    """One dead letter with its message. Events carry ids and counts, never transcripts."""

    attributes: dict[str, str]
    body: str


class DeadLetterList(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `list_dead_letters`."""

    groups: list[DeadLetterGroup]
    letters: list[DeadLetter]


class ReplayResult(msgspec.Struct, frozen=True, kw_only=True):
    """The number of dead letters by what `replay` did with them."""

    dry_run: bool
    replayed: int
    handled: int
    """The handler had finished the event in the meantime; the letter was closed."""
    unreadable: int
    """No event that the event log holds: these can be discarded only."""


class DiscardResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `discard`."""

    discarded: int
    closed: str | None
    """The attempt that was closed without answers."""


class HeldUp(msgspec.Struct, frozen=True, kw_only=True):
    """The dead letter that holds up a batch."""

    handler: str
    cause: str
    letter_id: str


def list_dead_letters(
    backend: Backend, handler: str | None = None, cause: str | None = None, since: str | None = None
) -> DeadLetterList:
    """List the waiting dead letters, and group them by handler and cause."""
    letters = _find(backend, handler, cause, _time(since))
    now = backend.clock()
    ages: dict[tuple[str, str], list[float]] = {}
    for letter in letters:
        age = (now - letter.dead_lettered_at).total_seconds()
        ages.setdefault((letter.handler, letter.cause), []).append(age)
    return DeadLetterList(
        groups=[
            DeadLetterGroup(
                handler=key[0], cause=key[1], count=len(found), oldest_seconds=max(found)
            )
            for key, found in sorted(ages.items())
        ],
        letters=[_without_body(letter) for letter in letters],
    )


def show_letter(backend: Backend, letter_id: str) -> DeadLetterContent:
    """Show one dead letter with its message."""
    letter = _named(backend, letter_id)[0]
    return DeadLetterContent(
        **msgspec.structs.asdict(_without_body(letter)),
        attributes=letter.attributes,
        body=letter.body.decode(errors="replace"),
    )


def replay(
    backend: Backend,
    handler: str | None = None,
    cause: str | None = None,
    since: str | None = None,
    limit: int | None = None,
    dry_run: bool = False,
) -> ReplayResult:
    """Publish dead letters again under the same event id, for the handler that failed only."""
    done = Counter[str]()
    for letter in _find(backend, handler, cause, _time(since)):
        envelope = envelope_of(letter)
        action = _replay_action(backend, letter, envelope)
        closed = done["replay"] + done["handled"]
        if limit is not None and action != "unreadable" and closed >= limit:
            break
        done[action] += 1
        if dry_run or envelope is None or action == "unreadable":
            continue
        if action == "handled":
            # Also when another transaction closed its attempt: then no handler waits for this event.
            _record(backend, letter, envelope, "discarded", "handled meanwhile")
            _settle(backend, letter, "handled")
            continue
        # Recorded first: a publish that is lost is republished by the tick, and at the next start.
        _record(backend, letter, envelope, "replayed", None)
        backend.bus.send(letter.topic, letter.body, replay_attributes(letter))
        _settle(backend, letter, "replayed")
    return ReplayResult(
        dry_run=dry_run,
        replayed=done["replay"],
        handled=done["handled"],
        unreadable=done["unreadable"],
    )


def discard(backend: Backend, letter_id: str, reason: str) -> DiscardResult:
    """Discard a dead letter, and close the attempt that it holds up without answers.

    Raises `InvalidOperation` while a job of that attempt is running or may still appear.
    """
    letters = _named(backend, letter_id)
    closed = None
    for letter in letters:
        envelope = envelope_of(letter)
        key = attempt_of(envelope) if envelope and letter.handler in _BEFORE_CLOSING else None
        if envelope is not None and key is not None:
            _close(backend, key, envelope)
            closed = f"run {key.run_id}, batch {key.batch}, attempt {key.attempt}"
        _record(backend, letter, envelope or placeholder_envelope(letter), "discarded", reason)
        _settle(backend, letter, "discarded")
    return DiscardResult(discarded=len(letters), closed=closed)


def held_up(backend: Backend, run_id: str) -> dict[int, HeldUp]:
    """The batches of this run that wait for an operator, each with its first dead letter."""
    found: dict[int, HeldUp] = {}
    for letter in _find(backend, None, None, None):
        envelope = envelope_of(letter)
        subject = subject_of(envelope) if envelope else None
        if subject is not None and subject.run_id == run_id and subject.batch:
            held = HeldUp(handler=letter.handler, cause=letter.cause, letter_id=letter.event_id)
            found.setdefault(subject.batch, held)
    return found


def _close(backend: Backend, attempt_key: AttemptKey, envelope: Envelope) -> None:
    """Close the attempt; raise `InvalidOperation` while answers that are paid for may still come."""
    needs = backend.dependencies
    try:
        closed = discard_attempt(
            attempt_key,
            needs.tracking,
            needs.job_service,
            needs.deployment,
            needs.clock,
            needs.policy,
        )
    except Wait as wait:
        raise InvalidOperation(f"{wait}: discard again later") from wait
    if closed is not None:
        backend.publish(
            wrap(
                closed,
                deployment=backend.deployment,
                source="process-results",
                time=backend.clock(),
                cause=envelope,
            )
        )


def _replay_action(backend: Backend, letter: StoredDeadLetter, envelope: Envelope | None) -> str:
    """`replay`; `handled` for an event that needs no replay any more; or `unreadable`."""
    event_log = backend.dependencies.event_log
    if envelope is None:
        return "unreadable"
    # A command is recorded on arrival, so it may have been dead-lettered before that.
    is_command = issubclass(EVENT_OF_TYPE.get(envelope.type, Event), Command)
    if not is_command and not event_log.has(envelope.id, backend.clock()):
        return "unreadable"
    if event_log.was_handled(envelope.id, letter.handler, backend.clock()):
        return "handled"
    attempt_key = attempt_of(envelope)
    if (
        attempt_key
        and letter.handler in _BEFORE_JOB
        and backend.dependencies.tracking.closing_of(attempt_key)
    ):
        # The closing may have failed before its event was recorded. Then a replay brings a void
        # claim, and that leads to process-results, which publishes the event.
        closed = backend.deployment.event(
            "results-processed", attempt_key.run_id, attempt_key.batch, attempt_key.attempt
        )
        return "handled" if event_log.has(closed, backend.clock()) else "replay"
    return "replay"


def _find(
    backend: Backend, handler: str | None, cause: str | None, since: datetime | None
) -> list[StoredDeadLetter]:
    """Stored dead letters and stuck events that match every given filter."""
    stuck = [
        letter
        for letter in stuck_dead_letters(backend)
        if handler in (None, letter.handler)
        and cause in (None, letter.cause)
        and (since is None or letter.dead_lettered_at >= since)
    ]
    return [*backend.letters.find(handler, cause, since), *stuck]


def _named(backend: Backend, letter_id: str) -> list[StoredDeadLetter]:
    """Every dead letter of this id, or of the event of this id."""
    letters = backend.letters.find(letter_id=letter_id) or [
        each for each in stuck_dead_letters(backend) if each.letter_id == letter_id
    ]
    if not letters:
        raise InvalidOperation(
            f"no dead letter {letter_id} waits; `troupe dead-letters list` has all"
        )
    return letters


def _settle(backend: Backend, letter: StoredDeadLetter, state: str) -> None:
    """Close a stored letter. A stuck event is not stored; its recorded delivery closes it."""
    if letter.cause != STUCK:
        backend.letters.settle(letter, state)


def _record(
    backend: Backend, letter: StoredDeadLetter, envelope: Envelope, outcome: str, reason: str | None
) -> None:
    delivery = Delivery(envelope=envelope, handler=letter.handler, outcome=outcome, reason=reason)
    backend.dependencies.event_log.record_deliveries([delivery], backend.clock())


def _without_body(letter: StoredDeadLetter) -> DeadLetter:
    return DeadLetter(
        letter_id=letter.letter_id,
        event_id=letter.event_id,
        topic=letter.topic,
        handler=letter.handler,
        cause=letter.cause,
        detail=letter.attributes.get(DETAIL, ""),
        dead_lettered_at=letter.dead_lettered_at,
    )


def _time(text: str | None) -> datetime | None:
    """Read --since. Raises `InvalidOperation` for a text that is no time with a zone."""
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
