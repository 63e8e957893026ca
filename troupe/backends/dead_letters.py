"""How a message is dead-lettered and sent again, alike on every bus."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from handlers.dispatch.dead_letters import CAUSE, DELIVERIES, DETAIL
from handlers.dispatch.message import Message

LONGEST_ATTRIBUTE = 1024
"""Bytes of one attribute's value (documented)."""
REPLAY_FOR = "replayfor"
"""Attribute of a replayed message: only this handler's subscription takes it."""
REPLAY_COUNT = "replaycount"
SOURCE = "CloudPubSubDeadLetterSourceSubscription"
"""Attribute that Pub/Sub adds: the subscription that gave the message up (documented)."""

_OF_DEAD_LETTERS = re.compile(rf"^(CloudPubSubDeadLetter.*|{CAUSE}|{DETAIL})$")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDeadLetter:
    """One dead letter, with the message as it came."""

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


def dead_letter_attributes(
    message: Message, *, subscription: str, project: str, cause: str, detail: str
) -> dict[str, str]:
    """The attributes of a dead letter: its own, those that Pub/Sub adds, and why it is here.

    A replayed message loses its `replayfor`, or the filter of the dead letters would drop it.
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


def sent_again(letter: StoredDeadLetter) -> dict[str, str]:
    """The message's own attributes, for the failed handler alone, counted."""
    own = {k: v for k, v in letter.attributes.items() if not _OF_DEAD_LETTERS.match(k)}
    count = int(own.get(REPLAY_COUNT, "0")) + 1
    return own | {REPLAY_FOR: letter.handler, REPLAY_COUNT: str(count)}


def is_for(attributes: Mapping[str, str], handler: str) -> bool:
    """The filter of every subscription: NOT attributes:replayfor OR attributes.replayfor = me."""
    return attributes.get(REPLAY_FOR, handler) == handler
