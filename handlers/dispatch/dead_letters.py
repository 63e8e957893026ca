"""Dead letters on every bus: their attributes, how they are read, and how they are replayed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from events import DeadLetter, Unreadable, from_pubsub, is_event

from .message import Message

CAUSE, DETAIL = "troupe-cause", "troupe-detail"
"""Attributes that the delivery loop adds to a message that it rejects."""
DELIVERIES = "CloudPubSubDeadLetterSourceDeliveryCount"
"""Attribute that Pub/Sub adds after the last delivery attempt (documented)."""
SOURCE = "CloudPubSubDeadLetterSourceSubscription"
"""Attribute that Pub/Sub adds: the subscription that dead-lettered the message (documented)."""
TOO_OFTEN = "too_many_deliveries"
"""The cause of a dead letter that Pub/Sub made itself."""
LONGEST_ATTRIBUTE = 1024
"""Bytes of one attribute's value (documented)."""
REPLAY_FOR = "replayfor"
"""Attribute of a replayed message: only the subscription of this handler delivers it."""
REPLAY_COUNT = "replaycount"
"""Attribute of a replayed message: how many times it was replayed."""

_ADDED = re.compile(rf"^(CloudPubSubDeadLetter.*|{CAUSE}|{DETAIL})$")
"""Attributes that the message got as a dead letter; a replay removes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDeadLetter:
    """One dead letter that a backend keeps, with the message as it was published."""

    letter_id: str
    event_id: str
    topic: str
    handler: str
    body: bytes
    attributes: dict[str, str]
    cause: str
    dead_lettered_at: datetime
    state: str
    """waiting, replayed, discarded or handled."""


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


def dead_letter_attributes(
    message: Message, *, subscription: str, project: str, cause: str, detail: str
) -> dict[str, str]:
    """Return a dead letter's attributes: the message's, those that Pub/Sub adds, and the cause.

    `replayfor` of a replayed message is removed: the filter of the subscription to the dead
    letters would drop the letter.
    """
    return {
        **{name: value for name, value in message.attributes.items() if name != REPLAY_FOR},
        DELIVERIES: str(message.delivery_attempt),
        SOURCE: subscription,
        f"{SOURCE}Project": project,
        "CloudPubSubDeadLetterSourceTopicPublishTime": message.published_at.isoformat(),
        CAUSE: cause,
        DETAIL: detail.encode()[:LONGEST_ATTRIBUTE].decode(errors="ignore"),
    }


def replay_attributes(letter: StoredDeadLetter) -> dict[str, str]:
    """Return the message's own attributes, addressed to the handler that failed, and counted."""
    own = {k: v for k, v in letter.attributes.items() if not _ADDED.match(k)}
    count = int(own.get(REPLAY_COUNT, "0")) + 1
    return own | {REPLAY_FOR: letter.handler, REPLAY_COUNT: str(count)}


def passes_filter(attributes: Mapping[str, str], handler: str) -> bool:
    """Evaluate the filter of a subscription: no `replayfor`, or `replayfor` is this handler.

    In Pub/Sub's syntax: `NOT attributes:replayfor OR attributes.replayfor = "<handler>"`.
    """
    return attributes.get(REPLAY_FOR, handler) == handler
