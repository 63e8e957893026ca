"""The wire format of Pub/Sub's push requests, wrapped and unwrapped. Both backends use it.

Sources: Google Cloud documentation, "Push subscriptions" and "Payload unwrapping". An unwrapped
push carries each attribute as a header, whose name loses its case, and no delivery attempt.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from analysis.strict_json import check_unique
from handlers.dispatch.message import Message

METADATA = "x-goog-pubsub-"
"""Prefix of the headers that an unwrapped push has beside the attributes."""
_OF_HTTP = frozenset(
    {
        "host", "content-length", "user-agent", "accept", "accept-encoding", "authorization",
        "from", "connection", "transfer-encoding", "forwarded", "x-forwarded-for",
        "x-forwarded-proto", "x-cloud-trace-context", "traceparent", "tracestate",
    }
)  # fmt: skip
"""Headers of HTTP and of Cloud Run, which are not attributes of the message."""


@dataclass(frozen=True, slots=True)
class Push:
    """One HTTP request of a push subscription; header names are in lower case."""

    headers: Mapping[str, str]
    body: bytes


class BadPush(ValueError):
    """The request is not a push request of Pub/Sub."""


class _Inner(msgspec.Struct, rename={"message_id": "messageId", "publish_time": "publishTime"}):
    message_id: str
    publish_time: datetime
    data: str = ""
    attributes: dict[str, str] = {}


class _Wrapped(msgspec.Struct, rename="camel"):
    message: _Inner
    subscription: str
    delivery_attempt: int = 1


def wrapped_push(message: Message, subscription: str) -> Push:
    """Encode the default form: the message in a JSON envelope."""
    inner = _Inner(
        message_id=message.id,
        publish_time=message.published_at,
        data=base64.b64encode(message.body).decode(),
        attributes=dict(message.attributes),
    )
    envelope = _Wrapped(
        message=inner, subscription=subscription, delivery_attempt=message.delivery_attempt
    )
    return Push({"content-type": "application/json"}, msgspec.json.encode(envelope))


def unwrapped_push(message: Message, subscription: str) -> Push:
    """Encode the form without an envelope: the body is the message's, headers hold the rest."""
    headers = {name.lower(): value for name, value in message.attributes.items()}
    metadata = {
        f"{METADATA}subscription-name": subscription,
        f"{METADATA}message-id": message.id,
        f"{METADATA}publish-time": message.published_at.isoformat(),
    }
    return Push(headers | metadata, message.body)


def read_push(push: Push) -> Message:
    """Decode the message of either form. Raises `BadPush` for any other request."""
    try:
        if f"{METADATA}message-id" in push.headers:
            return _unwrapped(push)
        return _wrapped(push)
    except (msgspec.MsgspecError, binascii.Error, ValueError, KeyError) as error:
        raise BadPush(f"not a push of Pub/Sub: {type(error).__name__}") from error


def subscription_of(push: Push) -> str:
    """Return the full name of the subscription that sent the push. Raises `BadPush`."""
    if f"{METADATA}message-id" in push.headers:
        return push.headers.get(f"{METADATA}subscription-name", "")
    try:
        return _envelope(push).subscription
    except (msgspec.MsgspecError, ValueError) as error:
        raise BadPush(f"not a push of Pub/Sub: {type(error).__name__}") from error


def topic_of_subscription(name: str) -> str:
    """Return the topic: `run-requested` for `projects/p/subscriptions/plan-run.run-requested`."""
    return name.rsplit("/", 1)[-1].partition(".")[2]


def _wrapped(push: Push) -> Message:
    envelope = _envelope(push)
    return Message(
        topic=topic_of_subscription(envelope.subscription),
        id=envelope.message.message_id,
        body=base64.b64decode(envelope.message.data, validate=True),
        attributes=envelope.message.attributes,
        published_at=envelope.message.publish_time.astimezone(UTC),
        delivery_attempt=envelope.delivery_attempt,
    )


def _envelope(push: Push) -> _Wrapped:
    envelope = msgspec.json.decode(push.body, type=_Wrapped)
    check_unique(push.body)
    return envelope


def _unwrapped(push: Push) -> Message:
    attributes = {
        name: value
        for name, value in push.headers.items()
        if not name.startswith(METADATA) and name not in _OF_HTTP
    }
    return Message(
        topic=topic_of_subscription(push.headers[f"{METADATA}subscription-name"]),
        id=push.headers[f"{METADATA}message-id"],
        body=push.body,
        attributes=attributes,
        published_at=datetime.fromisoformat(push.headers[f"{METADATA}publish-time"]).astimezone(
            UTC
        ),
    )
