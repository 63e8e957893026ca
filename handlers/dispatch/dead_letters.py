"""The attributes of dead letters, and how a dead letter is read."""

from collections.abc import Mapping

from events import DeadLetter
from events.cloudevents import generation_of, number_in

from .message import Message

CAUSE, DETAIL = "troupe-cause", "troupe-detail"
"""Attributes of a dead letter: why the delivery loop rejected it, or the tick gave it up."""
MESSAGE_ID = "troupe-message-id"
"""Attribute of a dead letter: the id of the message that it was made of."""
DELIVERIES = "CloudPubSubDeadLetterSourceDeliveryCount"
"""Attribute that Pub/Sub adds after the last delivery attempt (documented)."""
SOURCE = "CloudPubSubDeadLetterSourceSubscription"
"""Attribute that Pub/Sub adds: the subscription that dead-lettered the message (documented)."""
TOO_OFTEN = "too_many_deliveries"
"""The cause of a dead letter that Pub/Sub made itself."""
NOT_RECORDED = "not_recorded"
"""The cause of a message whose event the event log does not hold: somebody else published it."""
STUCK = "stuck_event"
"""The cause of an event that was republished as often as allowed."""
LONGEST_ATTRIBUTE = 1024
"""Bytes of one attribute's value (documented)."""
LONGEST_BODY = 4096
"""Bytes that are kept of a message that is no event of ours."""


def read_dead_letter(
    message: Message, handler: str, message_id: str, *, is_readable: bool
) -> DeadLetter:
    """Return the signal of a message on a dead-letter topic, made of the message `message_id`."""
    attributes = message.attributes
    return DeadLetter(
        message_id=message_id,
        handler=handler,
        generation=generation_of(attributes),
        cause=attributes.get(CAUSE, TOO_OFTEN),
        detail=attributes.get(DETAIL, ""),
        deliveries=number_in(_of_pubsub(attributes, DELIVERIES)),
        body=message.body[:LONGEST_BODY].decode(errors="replace"),
        is_readable=is_readable,
    )


def dead_letter_attributes(
    message: Message, *, subscription: str, project: str, cause: str, detail: str
) -> dict[str, str]:
    """Return a dead letter's attributes: the message's, those that Pub/Sub adds, and the cause."""
    return {
        **message.attributes,
        DELIVERIES: str(message.delivery_attempt),
        SOURCE: subscription,
        f"{SOURCE}Project": project,
        "CloudPubSubDeadLetterSourceTopicPublishTime": message.published_at.isoformat(),
        MESSAGE_ID: message.id,
        **cause_attributes(cause, detail),
    }


def cause_attributes(cause: str, detail: str) -> dict[str, str]:
    """Return why a message is a dead letter, within the limits of an attribute."""
    return {CAUSE: cause, DETAIL: detail.encode()[:LONGEST_ATTRIBUTE].decode(errors="ignore")}


def source_topic(attributes: Mapping[str, str]) -> str:
    """Read a dead letter's first topic from the subscription that dead-lettered it; else empty."""
    return _of_pubsub(attributes, SOURCE).rsplit("/", 1)[-1].rpartition(".")[2]


def _of_pubsub(attributes: Mapping[str, str], name: str) -> str:
    """Read an attribute of Pub/Sub's own; in an unwrapped push its name is in lower case."""
    return attributes.get(name, attributes.get(name.lower(), ""))
