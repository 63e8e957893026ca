"""An event on the wire: one CloudEvents 1.0 event, carried by one Pub/Sub message.

The message holds the event in structured form and repeats its attributes with the prefix
`ce-`, so that subscriptions can filter (binding: googleapis/google-cloudevents,
docs/spec/pubsub.md). Binary form and, for commands, bare JSON are read as well.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar, cast

import msgspec
from cloudevents.core.exceptions import BaseCloudEventException
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from .events import Event
from .ids import Deployment, join, traceparent
from .validation_errors import in_words

PREFIX = "dev.troupe"
VERSION = "v1"
STRUCTURED = "application/cloudevents+json; charset=utf-8"


class Unreadable(Exception):
    """These bytes are no event of ours; delivering them again cannot help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What is known of an event without opening its data."""

    id: str
    type: str
    source: str
    subject: str
    time: datetime
    data: bytes
    """The event as JSON, always in the same bytes for the same event."""
    correlation: str
    """The run that everything here belongs to."""
    causation: str
    """The id of the event that this one follows from; empty for a command."""
    traceparent: str


@cache
def topic_of(kind: type[msgspec.Struct]) -> str:
    """`BatchPlanned` is published on `batch-planned`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()


@cache
def type_of(kind: type[msgspec.Struct]) -> str:
    return type_of_topic(topic_of(kind))


def topic_of_type(event_type: str) -> str:
    """`dev.troupe.batch-planned.v1` is published on `batch-planned`."""
    return event_type.removeprefix(f"{PREFIX}.").removesuffix(f".{VERSION}")


def type_of_topic(topic: str) -> str:
    """`batch-planned` carries `dev.troupe.batch-planned.v1`."""
    return f"{PREFIX}.{topic}.{VERSION}"


def subject_of(event: Event) -> str:
    """Where in the run the event belongs: `runs/r1/batches/2/attempts/1`."""
    parts = (("runs", "run_id"), ("batches", "batch"), ("attempts", "attempt"))
    told = ((name, getattr(event, field, None)) for name, field in parts)
    return "/".join(f"{name}/{value}" for name, value in told if value)


_ENCODER = msgspec.json.Encoder(order="sorted")

F = TypeVar("F", bound=Event)


def data_of(event: Event) -> bytes:
    """The event as JSON, with its fields in one fixed order."""
    return _ENCODER.encode(event)


def read_event(data: bytes, kind: type[F]) -> F:
    """Unknown fields are ignored, missing and mistyped ones refused; a command refuses both.

    Raises `Unreadable`, whose text names the field and repeats no value.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError) as error:
        raise Unreadable(f"{topic_of(kind)}: {in_words(error, kind)}") from error


def wrap(
    event: Event, *, deployment: Deployment, source: str, time: datetime, cause: Envelope
) -> Envelope:
    """Wrap an event that follows from `cause`. The same event always gets the same id."""
    place = (getattr(event, name) for name in event.identified_by)
    id_ = deployment.event(topic_of(type(event)), *place)
    return Envelope(
        id=id_,
        type=type_of(type(event)),
        source=f"//{PREFIX}/{source}",
        subject=subject_of(event),
        time=time,
        data=data_of(event),
        correlation=event.run_id,
        causation=cause.id,
        traceparent=traceparent(join(deployment.id, event.run_id), id_),
    )


def wrap_command(command: Event, *, deployment: Deployment, id_: str, time: datetime) -> Envelope:
    """Wrap what somebody asks for, under the id that the request came with."""
    return Envelope(
        id=id_,
        type=type_of(type(command)),
        source=f"//{PREFIX}/outside",
        subject=subject_of(command),
        time=time,
        # Read back once, so that 20 and 20.0 are one command.
        data=data_of(read_event(data_of(command), type(command))),
        correlation=command.run_id or "",
        causation="",
        traceparent=traceparent(join(deployment.id, command.run_id or id_), id_),
    )


def to_pubsub(envelope: Envelope) -> tuple[bytes, dict[str, str]]:
    """The message body and its attributes."""
    event = CloudEvent(_attributes(envelope), msgspec.json.decode(envelope.data))
    told = {name: str(value) for name, value in _attributes(envelope).items()}
    told["time"] = envelope.time.isoformat()
    attributes = {f"ce-{name}": value for name, value in told.items()}
    return JSONFormat().write(event), {"content-type": STRUCTURED, **attributes}


def from_pubsub(body: bytes, attributes: Mapping[str, str]) -> Envelope:
    """Read a message in structured or in binary form.

    Raises `Unreadable` for anything else; bare JSON is for `command_from` to read.
    """
    try:
        if attributes.get("content-type", "").startswith("application/cloudevents"):
            # The library would make up an id, another at each delivery.
            msgspec.json.decode(body, type=_Named)
            event = cast("CloudEvent", JSONFormat().read(CloudEvent, body))
        else:
            event = CloudEvent(_binary_attributes(attributes), msgspec.json.decode(body))
        return _envelope(event)
    except _UNREADABLE as error:
        raise Unreadable(f"not a CloudEvent: {type(error).__name__}") from error


_UNREADABLE = (
    BaseCloudEventException,
    msgspec.MsgspecError,
    ValueError,
    OverflowError,
    KeyError,
    TypeError,
    AttributeError,
    RecursionError,
)


class _Named(msgspec.Struct):
    """What every event of ours has."""

    id: str
    source: str
    type: str


def is_event(attributes: Mapping[str, str]) -> bool:
    """Whether the message claims to be a CloudEvent; if not, it may be a bare command."""
    structured = attributes.get("content-type", "").startswith("application/cloudevents")
    return structured or "ce-id" in attributes


def _attributes(envelope: Envelope) -> dict[str, Any]:
    optional = {
        "subject": envelope.subject,
        "correlationid": envelope.correlation,
        "causationid": envelope.causation,
        "traceparent": envelope.traceparent,
    }
    return {
        "id": envelope.id,
        "source": envelope.source,
        "type": envelope.type,
        "specversion": "1.0",
        "time": envelope.time,
        "datacontenttype": "application/json",
    } | {name: value for name, value in optional.items() if value}


def _binary_attributes(attributes: Mapping[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {
        name.removeprefix("ce-"): value
        for name, value in attributes.items()
        if name.startswith("ce-")
    }
    if "time" in told:
        told["time"] = datetime.fromisoformat(told["time"])
    return told


def _envelope(event: CloudEvent) -> Envelope:
    extensions = event.get_attributes()
    data = event.get_data()
    if not isinstance(data, dict):
        raise Unreadable("not a CloudEvent of ours: data is no object")
    return Envelope(
        id=event.get_id(),
        type=event.get_type(),
        source=event.get_source(),
        subject=event.get_subject() or "",
        time=(event.get_time() or datetime.fromtimestamp(0, UTC)).astimezone(UTC),
        data=_ENCODER.encode(data),
        correlation=str(extensions.get("correlationid", "")),
        causation=str(extensions.get("causationid", "")),
        traceparent=str(extensions.get("traceparent", "")),
    )
