"""Read a message of a dead-letter topic: its origin, its handler and its cause."""

import msgspec

from events import DeadLetter, Unreadable, from_pubsub, is_event

from .message import Message

CAUSE, DETAIL = "troupe-cause", "troupe-detail"
"""Attributes that the delivery loop adds to a message that it rejects."""
DELIVERIES = "CloudPubSubDeadLetterSourceDeliveryCount"
"""Attribute that Pub/Sub adds after the last delivery attempt (documented)."""
TOO_OFTEN = "too_many_deliveries"
"""The cause of a dead letter that Pub/Sub made itself."""


class _Ids(msgspec.Struct, frozen=True):
    """The ids that an event may carry."""

    run_id: str | None = None
    batch: int = 0
    attempt: int = 0


def read_dead_letter(message: Message, handler: str) -> DeadLetter:
    """Return the dead letter. A message that cannot be decoded goes by its message id."""
    attributes = message.attributes
    id_, kind, ids = _origin(message)
    return DeadLetter(
        letter_id=id_,
        handler=handler,
        cause=attributes.get(CAUSE, TOO_OFTEN),
        detail=attributes.get(DETAIL, ""),
        event_type=kind,
        run_id=ids.run_id or "",
        batch=ids.batch,
        attempt=ids.attempt,
        deliveries=int(attributes.get(DELIVERIES, "0") or 0),
    )


def _origin(message: Message) -> tuple[str, str, _Ids]:
    if not is_event(message.attributes):
        return message.id, "", _Ids()
    try:
        envelope = from_pubsub(message.body, message.attributes)
        ids = msgspec.json.decode(envelope.data, type=_Ids)
    except (Unreadable, msgspec.MsgspecError):
        return message.attributes.get("ce-id", message.id), "", _Ids()
    return envelope.id, envelope.type, ids
