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
    DeadLetter,
    Deployment,
    Envelope,
    Event,
    GcsObject,
    ReprocessRequested,
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
from events.commands import RunId
from events.ids import derived_run_id, handler_of_dead_letters

from .dead_letters import read_dead_letter
from .message import Message


@dataclass(frozen=True, slots=True)
class Decoded:
    """A message's content. A signal gets an envelope made here, as the cause of what follows."""

    envelope: Envelope
    event: Event | Signal


_COMMANDS: dict[str, type[Command]] = {
    topic_of(kind): kind for kind in (RunRequested, ReprocessRequested, CancelRequested)
}


def decode_message(message: Message, deployment: Deployment) -> Decoded:
    """Decode one message. Raises `Unreadable`: no later delivery can decode it either."""
    signal = _signal_of(message)
    if signal is not None:
        return _decoded_signal(message, signal)
    command = _COMMANDS.get(message.topic)
    if command is not None:
        return _decoded_command(message, command, deployment)
    envelope = from_pubsub(message.body, message.attributes)
    if envelope.type not in EVENT_OF_TYPE:
        raise Unreadable(f"unknown event type {envelope.type}")
    try:
        check_unique(message.body)
    except NotStrict as error:
        raise Unreadable(f"{topic_of_type(envelope.type)}: {error}") from error
    return Decoded(envelope, read_event(envelope.data, EVENT_OF_TYPE[envelope.type]))


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
    return Decoded(wrap_command(command, deployment=deployment, id_=id_, time=time), command)


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
    return (
        command if command.run_id else msgspec.structs.replace(command, run_id=derived_run_id(id_))
    )


def _refusal(
    kind: type[Command], id_: str, run_id: str, time: datetime, why: str, deployment: Deployment
) -> Decoded:
    if kind is CancelRequested:
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
    handler = handler_of_dead_letters(message.topic)
    if handler is not None:
        return read_dead_letter(message, handler)
    if message.topic == topic_of(WatchTick):
        return WatchTick()
    if message.topic == topic_of(GcsObject):
        # An unwrapped push carries attributes as HTTP headers, whose names ignore case.
        attributes = {name.lower(): value for name, value in message.attributes.items()}
        return GcsObject(bucket=attributes.get("bucketid", ""), name=attributes.get("objectid", ""))
    return None


def _decoded_signal(message: Message, signal: Signal) -> Decoded:
    letter = signal if isinstance(signal, DeadLetter) else None
    envelope = Envelope(
        id=letter.letter_id if letter else message.id,
        type=letter.event_type if letter and letter.event_type else type_of(type(signal)),
        source="//dev.troupe/signal",
        subject="",
        time=message.published_at,
        data=msgspec.json.encode(letter) if letter else b"{}",
        correlation=letter.run_id if letter else "",
        causation="",
        traceparent="",
    )
    return Decoded(envelope, signal)
