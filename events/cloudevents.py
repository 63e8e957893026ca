"""Events as CloudEvents 1.0 in Pub/Sub messages: one message carries one event.

The message holds the event in structured form and repeats its attributes with the prefix
`ce-`, so that subscriptions can filter (binding: googleapis/google-cloudevents,
docs/spec/pubsub.md). Binary form and, for commands, bare JSON are read as well.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar, cast, get_args, get_type_hints

import msgspec
from cloudevents.core.exceptions import BaseCloudEventException
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from .commands import EXPECTED
from .events import Event
from .ids import Deployment, dead_letter_topic, handler_of_dead_letters, join, traceparent

PREFIX = "dev.troupe"
VERSION = "v1"
HANDLER = "replayfor"
"""Attribute of a message that is published again: only this handler's subscription delivers it."""
GENERATION = "generation"
"""Attribute of a message that is published again: how many times the event was replayed."""
STRUCTURED = "application/cloudevents+json; charset=utf-8"


class Unreadable(Exception):
    """A message that does not hold an event of this system; a redelivery cannot help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """An event with its CloudEvents attributes; its data is still encoded."""

    id: str
    type: str
    source: str
    subject: str
    time: datetime
    data: bytes
    """The event as JSON; the same event always has the same bytes."""
    correlation: str
    """Id of the run that the event belongs to."""
    causation: str
    """Id of the event that caused this one; empty for a command."""
    traceparent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressedEnvelope(Envelope):
    """A recorded event that goes to one handler again, or to that handler's dead-letter topic."""

    handler: str
    generation: int
    cause: Mapping[str, str] | None = None
    """Attributes that say why it is a dead letter; None for an event that is none."""


@cache
def topic_of(kind: type[msgspec.Struct]) -> str:
    """Name the topic of an event class: `batch-planned` for `BatchPlanned`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()


@cache
def type_of(kind: type[msgspec.Struct]) -> str:
    """Name the CloudEvents type of a class: `dev.troupe.batch-planned.v1` for `BatchPlanned`."""
    return type_of_topic(topic_of(kind))


def topic_of_type(event_type: str) -> str:
    """Name the topic of a CloudEvents type: `batch-planned` for `dev.troupe.batch-planned.v1`."""
    return event_type.removeprefix(f"{PREFIX}.").removesuffix(f".{VERSION}")


def type_of_topic(topic: str) -> str:
    """Name the CloudEvents type of a topic: the inverse of `topic_of_type`."""
    return f"{PREFIX}.{topic}.{VERSION}"


def subject_of(event: Event) -> str:
    """Name what the event concerns, as the CloudEvents subject: `runs/r1/batches/2/attempts/1`."""
    parts = (("runs", "run_id"), ("batches", "batch"), ("attempts", "attempt"))
    values = ((name, getattr(event, field, None)) for name, field in parts)
    return "/".join(f"{name}/{value}" for name, value in values if value)


_ENCODER = msgspec.json.Encoder(order="sorted")

F = TypeVar("F", bound=Event)


def data_of(event: Event) -> bytes:
    """Encode the event as JSON with its fields in alphabetical order."""
    return _ENCODER.encode(event)


def read_event(data: bytes, kind: type[F]) -> F:
    """Decode an event. An event ignores unknown fields, a command refuses them.

    Raises `Unreadable` for a missing, mistyped or refused field. Its text names the field and
    never repeats a value, because values may be personal data.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError) as error:
        raise Unreadable(f"{topic_of(kind)}: {_explain(error, kind)}") from error


def read_recorded(data: bytes, kind: type[F]) -> F:
    """Decode a command that a version of this system recorded, which may be newer or older.

    Unlike in a command from outside, unknown fields are ignored: the version that accepted them
    checked them. Missing fields have their defaults. Raises `Unreadable` for a value of a known
    field that this version does not take.
    """
    try:
        fields = msgspec.json.decode(data, type=dict[str, Any])
        known = {name: fields[name] for name in kind.__struct_fields__ if name in fields}
        return msgspec.convert(known, kind)
    except (msgspec.MsgspecError, ValueError) as error:
        raise Unreadable(f"{topic_of(kind)}: {_explain(error, kind)}") from error


def _explain(error: Exception, kind: type) -> str:
    """Describe a decoding error: the field and what it may hold, never the value it had."""
    if isinstance(error, UnicodeDecodeError):
        return "the text is not UTF-8"
    # msgspec quotes an invalid enum value; the rest of its messages hold no values.
    text = re.sub(r"Invalid enum value '.*?'( - at|$)", r"Invalid enum value\1", str(error))
    for pattern, allowed in EXPECTED.items():
        text = text.replace(f"`str` matching regex {pattern!r}", allowed)
    text = text.replace("Invalid RFC3339 encoded datetime", _A_TIME)
    enum = re.fullmatch(r"Invalid enum value - at `\$\.(\w+)`", text)
    if enum:
        choices = ", ".join(get_args(get_type_hints(kind)[enum.group(1)]))
        text = text.replace("Invalid enum value", f"Expected one of {choices}")
    return text


_A_TIME = "Expected a time such as 2026-01-31T00:00:00Z"


def event_id(event: Event, deployment: Deployment) -> str:
    """Name an event by its class and the fields that identify it."""
    key = (getattr(event, name) for name in event.identified_by)
    return deployment.event(topic_of(type(event)), *key)


def wrap(
    event: Event, *, deployment: Deployment, source: str, time: datetime, cause: Envelope
) -> Envelope:
    """Wrap an event that `cause` led to. The same event always gets the same id."""
    id_ = event_id(event, deployment)
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
    """Wrap a command under the id of its request."""
    return Envelope(
        id=id_,
        type=type_of(type(command)),
        source=f"//{PREFIX}/outside",
        subject=subject_of(command),
        time=time,
        # Decoded once more, so that 20 and 20.0 give the same bytes.
        data=data_of(read_event(data_of(command), type(command))),
        correlation=command.run_id or "",
        causation="",
        traceparent=traceparent(join(deployment.id, command.run_id or id_), id_),
    )


def to_pubsub(envelope: Envelope) -> tuple[bytes, dict[str, str]]:
    """Encode an event as a Pub/Sub message in structured form: body and attributes."""
    event = CloudEvent(_attributes(envelope), msgspec.json.decode(envelope.data))
    texts = {name: str(value) for name, value in _attributes(envelope).items()}
    texts["time"] = envelope.time.isoformat()
    attributes = {f"ce-{name}": value for name, value in texts.items()}
    return JSONFormat().write(event), {"content-type": STRUCTURED, **attributes}


def message_of(envelope: Envelope) -> tuple[str, bytes, dict[str, str]]:
    """Encode an event as a Pub/Sub message: topic, body and attributes."""
    body, attributes = to_pubsub(envelope)
    topic = topic_of_type(envelope.type)
    if not isinstance(envelope, AddressedEnvelope):
        return topic, body, attributes
    attributes |= {HANDLER: envelope.handler, GENERATION: str(envelope.generation)}
    if envelope.cause is None:
        return topic, body, attributes
    return dead_letter_topic(envelope.handler), body, {**attributes, **envelope.cause}


def is_addressed_to(topic: str, attributes: Mapping[str, str], handler: str) -> bool:
    """Whether this handler's subscription delivers a message of the topic.

    In the filter syntax of Pub/Sub: `NOT attributes:replayfor OR attributes.replayfor = "<handler>"`.
    A dead letter keeps the attributes of its message, which are not for its own topic.
    """
    is_dead_letter = handler_of_dead_letters(topic) is not None
    return is_dead_letter or attributes.get(HANDLER, handler) == handler


def generation_of(attributes: Mapping[str, str]) -> int:
    """Read how many times the event of a message was replayed; 0 without the attribute."""
    return number_in(attributes.get(GENERATION, ""))


def number_in(text: str) -> int:
    """Read a number of at most nine digits; 0 for any other text, which a stranger wrote."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def from_pubsub(body: bytes, attributes: Mapping[str, str]) -> Envelope:
    """Decode a Pub/Sub message that holds an event in structured or binary form.

    Raises `Unreadable` for anything else, bare JSON included.
    """
    try:
        if attributes.get("content-type", "").startswith("application/cloudevents"):
            # Without this check the library would generate a new id at each delivery.
            msgspec.json.decode(body, type=_Required)
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


class _Required(msgspec.Struct):
    """The attributes that every event must have."""

    id: str
    source: str
    type: str


def is_event(attributes: Mapping[str, str]) -> bool:
    """Whether the attributes mark a CloudEvent; other messages may be commands in bare JSON."""
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
    values: dict[str, Any] = {
        name.removeprefix("ce-"): value
        for name, value in attributes.items()
        if name.startswith("ce-")
    }
    if "time" in values:
        values["time"] = datetime.fromisoformat(values["time"])
    return values


def _envelope(event: CloudEvent) -> Envelope:
    extensions = event.get_attributes()
    data = event.get_data()
    if not isinstance(data, dict):
        raise Unreadable("not an event of this system: data is not a JSON object")
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
