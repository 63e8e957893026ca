"""Pub/Sub's push requests, wrapped and unwrapped: what arrives at a handler, wherever it runs.

Sources: Google Cloud documentation, "Push subscriptions" and "Payload unwrapping". Unwrapped
pushes carry each attribute as a header, whose name has no case, and no delivery attempt.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from handlers.dispatch.message import Message

METADATA = "x-goog-pubsub-"
_OF_HTTP = frozenset(
    {
        "host", "content-length", "user-agent", "accept", "accept-encoding", "authorization",
        "from", "connection", "transfer-encoding", "forwarded", "x-forwarded-for",
        "x-forwarded-proto", "x-cloud-trace-context", "traceparent", "tracestate",
    }
)  # fmt: skip
"""Headers of the request itself, and those that Cloud Run adds: no attributes of the message."""


@dataclass(frozen=True, slots=True)
class Push:
    """One HTTP request of a push subscription; header names are in lower case."""

    headers: Mapping[str, str]
    body: bytes


class BadPush(ValueError):
    """Not a push request; Pub/Sub did not send this."""


class _Inner(msgspec.Struct, rename={"message_id": "messageId", "publish_time": "publishTime"}):
    message_id: str
    publish_time: datetime
    data: str = ""
    attributes: dict[str, str] = {}


class _Wrapped(msgspec.Struct, rename="camel"):
    message: _Inner
    subscription: str
    delivery_attempt: int = 1


def wrap_push(message: Message, subscription: str) -> Push:
    """The default form: the message in a JSON envelope."""
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


def unwrap_push(message: Message, subscription: str) -> Push:
    """The form without an envelope: the body as it is, everything else as headers."""
    headers = {name.lower(): value for name, value in message.attributes.items()}
    told = {
        f"{METADATA}subscription-name": subscription,
        f"{METADATA}message-id": message.id,
        f"{METADATA}publish-time": message.published_at.isoformat(),
    }
    return Push(headers | told, message.body)


def read_push(push: Push) -> Message:
    """The message in either form. Raises `BadPush` for anything else."""
    try:
        if f"{METADATA}message-id" in push.headers:
            return _unwrapped(push)
        return _wrapped(push)
    except (msgspec.MsgspecError, binascii.Error, ValueError, KeyError) as error:
        raise BadPush(f"not a push of Pub/Sub: {type(error).__name__}") from error


def subscription_of(push: Push) -> str:
    """The full name of the subscription that sent it. Raises `BadPush`."""
    if f"{METADATA}message-id" in push.headers:
        return push.headers.get(f"{METADATA}subscription-name", "")
    try:
        return msgspec.json.decode(push.body, type=_Wrapped).subscription
    except msgspec.MsgspecError as error:
        raise BadPush(f"not a push of Pub/Sub: {type(error).__name__}") from error


def topic_of_subscription(name: str) -> str:
    """`projects/p/subscriptions/plan-run.run-requested` takes from `run-requested`."""
    return name.rsplit("/", 1)[-1].partition(".")[2]


def _wrapped(push: Push) -> Message:
    told = msgspec.json.decode(push.body, type=_Wrapped)
    return Message(
        topic=topic_of_subscription(told.subscription),
        id=told.message.message_id,
        body=base64.b64decode(told.message.data, validate=True),
        attributes=told.message.attributes,
        published_at=told.message.publish_time.astimezone(UTC),
        delivery_attempt=told.delivery_attempt,
    )


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
