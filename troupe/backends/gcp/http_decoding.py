"""From an HTTP request to the message it brings, and the subscription that it came by.

Pub/Sub pushes wrapped or unwrapped; Eventarc, and whoever else speaks the HTTP binding of
CloudEvents, sends events in structured or in binary form.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import unquote

import msgspec

from events import GcsObject, WatchTick, topic_of, topic_of_type
from events.cloudevents import PREFIX
from handlers.dispatch.message import Message
from handlers.ports import Clock
from troupe.backends.dead_letters import is_for
from troupe.backends.pubsub_push import METADATA, BadPush, Push, read_push, subscription_of
from troupe.deployment.topology import Subscription, subscriptions

from .settings import GcpSettings

_STRUCTURED = "application/cloudevents+json"
_PUBSUB = "google.cloud.pubsub.topic.v1.messagePublished"
_STORAGE = "google.cloud.storage.object.v1.finalized"
_AUDIT = "google.cloud.audit.log.v1.written"
_FINALIZE = "OBJECT_FINALIZE"
_OUTPUT = "output/"
"""Vertex writes below this folder."""


class WrongSubscription(Exception):
    """A push of a subscription that is not this service's own: somebody wired it wrongly."""


@dataclass(frozen=True, slots=True)
class PushedMessage:
    """One delivery, and whose it is."""

    message: Message
    subscription: Subscription


class _Told(msgspec.Struct, frozen=True):
    """A CloudEvent in structured form, as far as it is read here."""

    id: str
    type: str
    source: str = ""
    time: datetime | None = None
    data: msgspec.Raw = msgspec.Raw(b"{}")


class _Object(msgspec.Struct, frozen=True):
    bucket: str = ""
    name: str = ""


def read_pushed_message(push: Push, settings: GcpSettings, clock: Clock) -> PushedMessage:
    """Raises `BadPush` for what nobody of ours sends, `WrongSubscription` for a delivery that is lost."""
    told = None if f"{METADATA}message-id" in push.headers else _event(push)
    if told is None:
        name = subscription_of(push).rsplit("/", 1)[-1]
        return PushedMessage(read_push(push), _own(name, settings))
    if told.type == _PUBSUB:
        message = read_push(Push({}, bytes(told.data)))
        topic = told.source.rsplit("/", 1)[-1].removeprefix(settings.topic_prefix)
        return _for_topic(replace(message, topic=topic), settings)
    return _for_topic(_message(push, told, clock), settings)


def is_noise(pushed: PushedMessage, settings: GcpSettings) -> bool:
    """Whether there is nothing to do: another handler's replay, or an object of no interest.

    Subscriptions and notifications filter already; who set them up by hand may have forgotten.
    """
    message = pushed.message
    if not is_for(message.attributes, pushed.subscription.handler):
        return True
    if message.topic != topic_of(GcsObject):
        return False
    told = {name.lower(): value for name, value in message.attributes.items()}
    return not (
        told.get("eventtype", _FINALIZE) == _FINALIZE
        and told.get("bucketid") in (settings.bucket, settings.output_bucket)
        and told.get("objectid", "").startswith(_OUTPUT)
    )


def _own(name: str, settings: GcpSettings) -> Subscription:
    for each in subscriptions():
        if f"{settings.topic_prefix}{each.name}" == name and each.handler in settings.handlers:
            return each
    raise WrongSubscription(f"subscription {name} is not of {settings.handler}")


def _for_topic(message: Message, settings: GcpSettings) -> PushedMessage:
    for each in subscriptions():
        if each.topic == message.topic and each.handler in settings.handlers:
            return PushedMessage(message, each)
    raise WrongSubscription(f"events of {message.topic} are not for {settings.handler}")


def _event(push: Push) -> _Told | None:
    """The event of the HTTP binding; None when the request is no such event."""
    headers = push.headers
    try:
        if headers.get("content-type", "").startswith(_STRUCTURED):
            return msgspec.json.decode(push.body, type=_Told)
        if "ce-id" in headers and "ce-type" in headers:
            return _Told(
                id=unquote(headers["ce-id"]),
                type=unquote(headers["ce-type"]),
                source=unquote(headers.get("ce-source", "")),
                time=_time(headers.get("ce-time", "")),
                data=msgspec.Raw(push.body),
            )
    except (msgspec.MsgspecError, ValueError) as error:
        raise BadPush(f"not a CloudEvent: {type(error).__name__}") from error
    return None


def _message(push: Push, told: _Told, clock: Clock) -> Message:
    topic, attributes = _meaning(push, told)
    return Message(
        topic=topic,
        id=told.id,
        body=push.body,
        attributes=attributes,
        published_at=told.time or clock(),
    )


def _meaning(push: Push, told: _Told) -> tuple[str, dict[str, str]]:
    """The topic that such an event would have come by, and the message's attributes."""
    if told.type == _STORAGE:
        named = _object(told)
        about = {"eventType": _FINALIZE, "bucketId": named.bucket, "objectId": named.name}
        return topic_of(GcsObject), about
    if told.type == _AUDIT:
        return topic_of(WatchTick), {}
    if not told.type.startswith(f"{PREFIX}."):
        raise BadPush("an event of a type that nobody here knows")
    return topic_of_type(told.type), _own_attributes(push.headers)


def _own_attributes(headers: Mapping[str, str]) -> dict[str, str]:
    told = {name: unquote(value) for name, value in headers.items() if name.startswith("ce-")}
    kind = headers.get("content-type", "application/json")
    return told | {"content-type": kind}


def _object(told: _Told) -> _Object:
    try:
        return msgspec.json.decode(told.data, type=_Object)
    except msgspec.MsgspecError as error:
        raise BadPush("a storage event without bucket and name") from error


def _time(text: str) -> datetime | None:
    return datetime.fromisoformat(unquote(text)) if text else None
