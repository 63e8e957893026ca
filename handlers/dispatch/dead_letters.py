"""What a dead letter says: the message as it was, and why it is here."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from events import DeadLetter, Unreadable, from_pubsub, is_event

CAUSE, DETAIL = "troupe-cause", "troupe-detail"
"""Attributes that the loop adds to what it dead-letters."""
DELIVERIES = "CloudPubSubDeadLetterSourceDeliveryCount"
"""Attribute that Pub/Sub adds to what it gives up (documented)."""
TOO_OFTEN = "too_many_deliveries"


class Letter(Protocol):
    """What is needed of a message to read it as a dead letter."""

    @property
    def id(self) -> str: ...
    @property
    def body(self) -> bytes: ...
    @property
    def attributes(self) -> Mapping[str, str]: ...


class _Where(msgspec.Struct, frozen=True):
    """The ids that an event may carry."""

    run_id: str | None = None
    batch: int = 0
    attempt: int = 0


def read_letter(message: Letter, handler: str) -> DeadLetter:
    """Readable even when the message is not: then it goes by its message id."""
    attributes = message.attributes
    id_, kind, where = _origin(message)
    return DeadLetter(
        letter_id=id_,
        handler=handler,
        cause=attributes.get(CAUSE, TOO_OFTEN),
        detail=attributes.get(DETAIL, ""),
        event_type=kind,
        run_id=where.run_id or "",
        batch=where.batch,
        attempt=where.attempt,
        deliveries=int(attributes.get(DELIVERIES, "0") or 0),
    )


def _origin(message: Letter) -> tuple[str, str, _Where]:
    if not is_event(message.attributes):
        return message.id, "", _Where()
    try:
        envelope = from_pubsub(message.body, message.attributes)
        where = msgspec.json.decode(envelope.data, type=_Where)
    except (Unreadable, msgspec.MsgspecError):
        return message.attributes.get("ce-id", message.id), "", _Where()
    return envelope.id, envelope.type, where
