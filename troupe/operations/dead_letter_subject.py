"""The event that a dead letter carries, and the attempt that the event belongs to."""

import msgspec

from events import Envelope, Unreadable, from_pubsub
from events.cloudevents import type_of_topic
from handlers.dispatch.dead_letters import StoredDeadLetter
from tracking import AttemptKey


class EventSubject(msgspec.Struct, frozen=True):
    """The ids that the body of an event may carry."""

    run_id: str = ""
    planned_on: str = ""
    batch: int = 0
    attempt: int = 0


def envelope_of(letter: StoredDeadLetter) -> Envelope | None:
    """The event of a dead letter; None for a message that is no event."""
    try:
        return from_pubsub(letter.body, letter.attributes)
    except Unreadable:
        return None


def placeholder_envelope(letter: StoredDeadLetter) -> Envelope:
    """An envelope for a message that is no event, under the id of its dead-lettered delivery."""
    return Envelope(
        id=letter.event_id,
        type=type_of_topic(letter.topic),
        source="",
        subject="",
        time=letter.dead_lettered_at,
        data=b"{}",
        correlation="",
        causation="",
        traceparent="",
    )


def subject_of(envelope: Envelope) -> EventSubject | None:
    """The ids in the body of an event; None for a body that cannot be read."""
    try:
        return msgspec.json.decode(envelope.data, type=EventSubject)
    except msgspec.MsgspecError:
        return None


def attempt_of(envelope: Envelope) -> AttemptKey | None:
    """The attempt that an event belongs to; None for an event of a run or a batch."""
    subject = subject_of(envelope)
    if subject is None or not (subject.planned_on and subject.batch and subject.attempt):
        return None
    return AttemptKey(
        run_id=subject.run_id,
        planned_on=subject.planned_on,
        batch=subject.batch,
        attempt=subject.attempt,
    )
