"""What a dead letter is about: its event, and the place in a run that the event speaks of."""

import msgspec

from events import Envelope, Unreadable, from_pubsub
from events.cloudevents import type_of_topic
from handlers.dispatch.dead_letters import StoredDeadLetter
from tracking import AttemptKey


class Where(msgspec.Struct, frozen=True):
    """The ids that an event may carry."""

    run_id: str = ""
    planned_on: str = ""
    batch: int = 0
    attempt: int = 0


def envelope_of(letter: StoredDeadLetter) -> Envelope | None:
    """None for a message that is no event."""
    try:
        return from_pubsub(letter.body, letter.attributes)
    except Unreadable:
        return None


def stand_in(letter: StoredDeadLetter) -> Envelope:
    """For a message that is no event: under the id by which its dead-lettering was noted."""
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


def where_of(envelope: Envelope) -> Where | None:
    try:
        return msgspec.json.decode(envelope.data, type=Where)
    except msgspec.MsgspecError:
        return None


def place_of(envelope: Envelope) -> AttemptKey | None:
    """None for an event that speaks of no attempt."""
    where = where_of(envelope)
    if where is None or not (where.planned_on and where.batch and where.attempt):
        return None
    return AttemptKey(
        run_id=where.run_id,
        planned_on=where.planned_on,
        batch=where.batch,
        attempt=where.attempt,
    )
