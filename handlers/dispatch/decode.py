"""Decode a Pub/Sub message into an event, a command or a signal."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from analysis.strict_json import DuplicateKey, InvalidJson, NotStrict, check_unique
from events import (
    EVENT_OF_TYPE,
    BadRequest,
    CancelRequested,
    Command,
    Deployment,
    DiscardRequested,
    Envelope,
    Event,
    GcsObject,
    LetterCommand,
    ReplayRequested,
    ReprocessRequested,
    RereadRequested,
    RunRequested,
    Signal,
    Unreadable,
    WatchTick,
    from_pubsub,
    is_event,
    read_event,
    topic_of,
    topic_of_type,
    type_of,
    wrap_command,
)
from events.cloudevents import generation_of, type_of_topic
from events.commands import RunId
from events.ids import derived_run_id, handler_of_dead_letters

from .dead_letters import MESSAGE_ID, read_dead_letter, source_topic
from .message import Message


@dataclass(frozen=True, slots=True)
class Decoded:
    """A message's content. A signal gets an envelope made here, as the cause of what follows."""

    envelope: Envelope
    event: Event | Signal
    generation: int = 0
    """How many times the event was replayed before this message was published."""


_COMMANDS: dict[str, type[Command]] = {
    topic_of(kind): kind
    for kind in (
        RunRequested, ReprocessRequested, RereadRequested, CancelRequested, ReplayRequested,
        DiscardRequested,
    )
}  # fmt: skip


def decode_message(message: Message, deployment: Deployment) -> Decoded:
    """Decode one message. Raises `Unreadable`: no later delivery can decode it either."""
    handler = handler_of_dead_letters(message.topic)
    if handler is not None:
        return _decoded_dead_letter(message, handler, deployment)
    signal = _signal_of(message)
    if signal is not None:
        return Decoded(placeholder(message.id, type_of(type(signal)), message.published_at), signal)
    command = _COMMANDS.get(message.topic)
    if command is not None:
        return _decoded_command(message, command, deployment)
    envelope = from_pubsub(message.body, message.attributes)
    kind = EVENT_OF_TYPE.get(envelope.type)
    if kind is None or topic_of(kind) != message.topic:
        raise Unreadable(f"unknown event type {envelope.type} on topic {message.topic}")
    try:
        check_unique(message.body)
    except NotStrict as error:
        raise Unreadable(f"{topic_of_type(envelope.type)}: {error}") from error
    event = read_event(envelope.data, kind)
    return Decoded(envelope, event, generation_of(message.attributes))


def _decoded_command(message: Message, kind: type[Command], deployment: Deployment) -> Decoded:
    """Decode a CloudEvent or bare JSON; the command's id is the event's, else the message's."""
    repeated = _repeated_in(message.body)
    if is_event(message.attributes):
        envelope = from_pubsub(message.body, message.attributes)
        id_, data, time = envelope.id, envelope.data, envelope.time
        repeated = repeated.removeprefix("data.")
    else:
        id_, data, time = message.id, message.body, message.published_at
    try:
        command = _named(read_event(data, kind), id_)
        if repeated:
            raise Unreadable(f"{topic_of(kind)}: {repeated} is given twice: give it once")
    except Unreadable as error:
        run_id = "" if repeated in _AMBIGUOUS else _run_id_in(data)
        id_ = message.id if repeated == "id" else id_
        return _refusal(kind, id_, run_id, time, str(error), deployment)
    envelope = wrap_command(command, deployment=deployment, id_=id_, time=time)
    return Decoded(envelope, command, generation_of(message.attributes))


_ANY_PROPERTY = "a property"
_AMBIGUOUS = ("run_id", "data", _ANY_PROPERTY)
"""Properties of a command that leave open which run is meant when they are given twice."""


def _repeated_in(body: bytes) -> str:
    """Return the path of a property that is given twice, else "": also for what is not JSON."""
    try:
        check_unique(body)
    except DuplicateKey as error:
        return error.path or _ANY_PROPERTY
    except InvalidJson:
        pass  # the decoder says it better
    return ""


def _named(command: Command, id_: str) -> Command:
    """Derive a missing run id from the message id, so that a redelivery is the same run."""
    if command.run_id or isinstance(command, LetterCommand):
        return command
    return msgspec.structs.replace(command, run_id=derived_run_id(id_))


def _refusal(
    kind: type[Command], id_: str, run_id: str, time: datetime, why: str, deployment: Deployment
) -> Decoded:
    if kind not in (RunRequested, ReprocessRequested, RereadRequested):
        raise Unreadable(why)
    run_id = run_id or derived_run_id(id_)
    bad = BadRequest(run_id=run_id, request_id=id_, detail=why)
    cause = wrap_command(CancelRequested(run_id=run_id), deployment=deployment, id_=id_, time=time)
    return Decoded(cause, bad)


class _OnlyRunId(msgspec.Struct, frozen=True):
    run_id: RunId


def _run_id_in(data: bytes) -> str:
    try:
        return msgspec.json.decode(data, type=_OnlyRunId).run_id
    except (msgspec.MsgspecError, RecursionError):
        return ""


def _signal_of(message: Message) -> Signal | None:
    if message.topic == topic_of(WatchTick):
        return WatchTick()
    if message.topic == topic_of(GcsObject):
        # An unwrapped push carries attributes as HTTP headers, whose names ignore case.
        attributes = {name.lower(): value for name, value in message.attributes.items()}
        return GcsObject(bucket=attributes.get("bucketid", ""), name=attributes.get("objectid", ""))
    return None


def _decoded_dead_letter(message: Message, handler: str, deployment: Deployment) -> Decoded:
    """Decode a dead letter with the event or command that it carries, as its handler got it."""
    original = Message(
        topic=source_topic(message.attributes) or _topic_of_event(message),
        id=message.attributes.get(MESSAGE_ID, message.id),
        body=message.body,
        attributes=message.attributes,
        published_at=message.published_at,
    )
    envelope = _event_in(original, deployment)
    letter = read_dead_letter(message, handler, original.id, is_readable=envelope is not None)
    if envelope is None:
        type_ = type_of_topic(original.topic or "unknown")
        envelope = placeholder(original.id, type_, message.published_at)
    return Decoded(envelope, letter)


def _topic_of_event(message: Message) -> str:
    return topic_of_type(message.attributes.get("ce-type", ""))


def _event_in(original: Message, deployment: Deployment) -> Envelope | None:
    """Return the event or command of a message; None for a message that holds none.

    A command in bare JSON goes by its message id. Pub/Sub forwards it under another one, by which
    it would be another command.
    """
    has_id = is_event(original.attributes) or MESSAGE_ID in original.attributes
    if handler_of_dead_letters(original.topic) is not None or not has_id:
        return None
    try:
        decoded = decode_message(original, deployment)
    except Unreadable:
        return None
    return decoded.envelope if isinstance(decoded.event, Event) else None


def placeholder(id_: str, event_type: str, time: datetime) -> Envelope:
    """Return an envelope for a message that is no event of ours."""
    return Envelope(
        id=id_,
        type=event_type,
        source="//dev.troupe/signal",
        subject="",
        time=time,
        data=b"{}",
        correlation="",
        causation="",
        traceparent="",
    )
