"""Record a dead letter and a system error with its cause; the event is not republished any more."""

import logging
from collections.abc import Iterator, Sequence

import msgspec

from analysis.error_types import log_fields
from events import (
    EVENT_OF_TYPE,
    Command,
    DeadLetter,
    Envelope,
    EventDeadLettered,
    topic_of_type,
)
from events.ids import dead_letter_error, letter_id
from tracking import EventLog, Row, Tracking

from .dispatch.dead_letters import NOT_RECORDED
from .dispatch.decode import placeholder
from .ports import Clock

LOG = logging.getLogger("troupe.letters")


class _Ids(msgspec.Struct, frozen=True):
    """The ids that an event may carry."""

    run_id: str = ""
    batch: int = 0
    attempt: int = 0


def record_dead_letter(
    letter: DeadLetter,
    envelope: Envelope,
    tracking: Tracking,
    event_log: EventLog,
    clock: Clock,
    subscriptions: Sequence[Row],
) -> Iterator[EventDeadLettered]:
    is_event = _is_recorded(letter, envelope, event_log, clock, subscriptions)
    # What is not recorded may name the id of a real event, and must not hold that one up.
    subject = envelope if is_event else placeholder(letter.message_id, envelope.type, envelope.time)
    ids = msgspec.json.decode(subject.data, type=_Ids)
    letter_ = letter_id(subject.id, letter.handler, letter.generation)
    is_new = tracking.store_error(
        dead_letter_error(letter_, letter.cause),
        "dead_lettered",
        cause=letter.cause,
        event_id=subject.id,
        handler=letter.handler,
        generation=letter.generation,
        run_id=ids.run_id or None,
        batch=ids.batch or None,
        attempt=ids.attempt or None,
        detail=f"{letter.handler} could not handle {subject.id}: {letter.detail}",
    )
    if is_new:
        fields = {"handler": letter.handler, "cause": letter.cause, "run_id": ids.run_id}
        fields |= {"letter_id": letter_, "event_id": subject.id}
        LOG.error("event-dead-lettered", extra=log_fields("dead_lettered") | fields)
    event_log.record_dead_letter(letter, subject, clock(), is_event=is_event)
    yield EventDeadLettered(
        run_id=ids.run_id,
        letter_id=letter_,
        handler=letter.handler,
        cause=letter.cause,
        batch=ids.batch,
        attempt=ids.attempt,
    )


def _is_recorded(
    letter: DeadLetter,
    envelope: Envelope,
    event_log: EventLog,
    clock: Clock,
    subscriptions: Sequence[Row],
) -> bool:
    """Whether the event log holds the letter's event, so that it can be replayed.

    A command that failed before its handler could record it is recorded here, or it would be lost.
    """
    if not letter.is_readable or letter.cause == NOT_RECORDED:
        return False
    known = event_log.known(envelope, letter.handler, clock())
    arrives = {"topic": topic_of_type(envelope.type), "handler": letter.handler} in subscriptions
    is_command = issubclass(EVENT_OF_TYPE[envelope.type], Command)
    if is_command and arrives and not known.is_recorded:
        event_log.record([envelope], clock())
        return True
    return known.is_equal
