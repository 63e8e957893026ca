"""Replay or discard dead letters: publish what the event log holds, or close what they hold up."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from events import (
    Deployment,
    DiscardRequested,
    Envelope,
    ReplayRequested,
    ResultsProcessed,
)
from events.cloudevents import type_of_topic
from events.ids import LetterId, letter_id, parse_letter_id
from tracking import EventLog, LetterState, Tracking

from .attempts.discard import attempt_held_up, discard_attempt
from .dispatch.decode import placeholder
from .dispatch.errors import Reject, Wait
from .dispatch.instructions import Discard, Replay
from .ports import Clock, JobService, Policy

LOG = logging.getLogger("troupe.letters")


@dataclass(frozen=True, slots=True)
class _Letter:
    """A dead letter that waits for an operator."""

    id: LetterId
    event: Envelope | None
    """None for a message that is no event of the event log."""
    topic: str


def replay_dead_letters(
    command: ReplayRequested | DiscardRequested,
    tracking: Tracking,
    event_log: EventLog,
    job_service: JobService,
    deployment: Deployment,
    clock: Clock,
    policy: Policy,
) -> Iterator[Replay | Discard | ResultsProcessed]:
    letters = _waiting(command.letter_ids, tracking, event_log, event_log.lookback_start(clock()))
    if isinstance(command, ReplayRequested):
        yield from _replay(letters)
        return
    waits = []
    for letter in letters:
        try:
            attempt = attempt_held_up(letter.event, event_log, deployment, clock)
            if attempt is not None:
                closed = discard_attempt(attempt, tracking, job_service, deployment, clock, policy)
                if closed is not None:
                    yield closed
            yield _discarded(letter, command.reason, clock)
        except Wait as wait:
            waits.append(wait)
        except Reject as error:
            _leave(letter_id(*letter.id), error.cause)
    if waits:
        raise waits[0]


def _waiting(
    letter_ids: Sequence[str], tracking: Tracking, event_log: EventLog, since: date
) -> list[_Letter]:
    """Return the letters that wait. Every other one is left alone, and logged with the reason."""
    parsed = {text: parse_letter_id(text) for text in dict.fromkeys(letter_ids)}
    event_ids = sorted({letter.event_id for letter in parsed.values() if letter})
    states = {(s.event_id, s.handler): s for s in tracking.letter_states(event_ids, since)}
    events = {envelope.id: envelope for envelope in event_log.load(event_ids, since)}
    letters = []
    for text, letter in parsed.items():
        state = states.get((letter.event_id, letter.handler)) if letter else None
        if letter is None or state is None:
            _leave(text, "unknown_letter")
        elif reason := _why_over(letter, state):
            _leave(text, reason)
        else:
            letters.append(_Letter(letter, events.get(letter.event_id), state.topic))
    return letters


def _why_over(letter: LetterId, state: LetterState) -> str:
    """Return why a letter does not wait any more; empty when it waits."""
    if state.is_done:
        return "handled"
    if letter.generation < state.generation:
        return "replayed"
    is_current = letter.generation == state.generation and state.is_dead_lettered
    return "" if is_current else "unknown_letter"


def _replay(letters: Sequence[_Letter]) -> Iterator[Replay]:
    """Publish the events of the log, never a letter's body: anybody may have written that."""
    for letter in letters:
        if letter.event is None:
            _leave(letter_id(*letter.id), "not_recorded")
            continue
        yield Replay(
            envelope=letter.event,
            handler=letter.id.handler,
            generation=letter.id.generation + 1,
        )


def _discarded(letter: _Letter, reason: str, clock: Clock) -> Discard:
    return Discard(
        envelope=letter.event
        or placeholder(letter.id.event_id, type_of_topic(letter.topic), clock()),
        handler=letter.id.handler,
        generation=letter.id.generation,
        reason=reason,
    )


def _leave(letter: str, reason: str) -> None:
    LOG.warning("dead-letter-left-alone", extra={"letter_id": letter, "reason": reason})
