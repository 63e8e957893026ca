"""CloudEvents' HTTP binding, in structured and in binary mode.

Eventarc sends events in this form, and so may any other sender. Pub/Sub's own push requests have
another one, which `troupe/backends/pubsub_push.py` reads.
"""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import unquote

import msgspec

from analysis.strict_json import check_unique
from events import GcsObject, WatchTick, topic_of, topic_of_type
from events.cloudevents import PREFIX
from handlers.dispatch.message import Message
from handlers.ports import Clock
from troupe.backends.pubsub_push import BadPush, Push

PUBSUB = "google.cloud.pubsub.topic.v1.messagePublished"
"""Type of an Eventarc event whose data is a wrapped Pub/Sub push."""
FINALIZE = "OBJECT_FINALIZE"
"""`eventType` of Cloud Storage's notification of a new object."""
_STRUCTURED = "application/cloudevents+json"
_STORAGE = "google.cloud.storage.object.v1.finalized"
_AUDIT = "google.cloud.audit.log.v1.written"


class HttpEvent(msgspec.Struct, frozen=True):
    """A CloudEvent as it came over HTTP: the attributes that are needed here, and its data."""

    id: str
    type: str
    source: str = ""
    time: datetime | None = None
    data: msgspec.Raw = msgspec.Raw(b"{}")


class _Object(msgspec.Struct, frozen=True):
    bucket: str = ""
    name: str = ""


def read_http_event(push: Push) -> HttpEvent | None:
    """Read the request's CloudEvent; None when it carries none. Raises `BadPush`."""
    headers = push.headers
    try:
        if headers.get("content-type", "").startswith(_STRUCTURED):
            # A property that is given twice is found by `decode_message`, which refuses it by name.
            return msgspec.json.decode(push.body, type=HttpEvent)
        if "ce-id" in headers and "ce-type" in headers:
            return HttpEvent(
                id=unquote(headers["ce-id"]),
                type=unquote(headers["ce-type"]),
                source=unquote(headers.get("ce-source", "")),
                time=_time(headers.get("ce-time", "")),
                data=msgspec.Raw(push.body),
            )
    except (msgspec.MsgspecError, ValueError) as error:
        raise BadPush(f"not a CloudEvent: {type(error).__name__}") from error
    return None


def message_of(push: Push, event: HttpEvent, clock: Clock) -> Message:
    """Return the message that Pub/Sub would have delivered for this event.

    Raises `BadPush` for an event of an unknown type.
    """
    topic, attributes = _topic_and_attributes(push, event)
    return Message(
        topic=topic,
        id=event.id,
        body=push.body,
        attributes=attributes,
        published_at=event.time or clock(),
    )


def _topic_and_attributes(push: Push, event: HttpEvent) -> tuple[str, dict[str, str]]:
    """A storage event becomes the signal `gcs-object`, an audit log entry of Vertex a tick."""
    if event.type == _STORAGE:
        blob = _object(event)
        attributes = {"eventType": FINALIZE, "bucketId": blob.bucket, "objectId": blob.name}
        return topic_of(GcsObject), attributes
    if event.type == _AUDIT:
        return topic_of(WatchTick), {}
    if not event.type.startswith(f"{PREFIX}."):
        raise BadPush("the type of this event is unknown")
    return topic_of_type(event.type), _event_attributes(push.headers)


def _event_attributes(headers: Mapping[str, str]) -> dict[str, str]:
    attributes = {name: unquote(value) for name, value in headers.items() if name.startswith("ce-")}
    return attributes | {"content-type": headers.get("content-type", "application/json")}


def _object(event: HttpEvent) -> _Object:
    try:
        storage_object = msgspec.json.decode(event.data, type=_Object)
        check_unique(bytes(event.data))
    except (msgspec.MsgspecError, ValueError) as error:
        raise BadPush("a storage event without one bucket and one name") from error
    return storage_object


def _time(text: str) -> datetime | None:
    return datetime.fromisoformat(unquote(text)) if text else None
