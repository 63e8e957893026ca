"""From a message to what it says: an event, a command in bare JSON, or a signal."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import msgspec

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
    type_of,
    wrap_command,
)
from events.commands import RunId
from events.ids import derived_run_id, handler_of_dead_letters

from .dead_letters import read_letter


class Arrival(Protocol):
    """What is needed of a message to open it."""

    @property
    def topic(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def body(self) -> bytes: ...
    @property
    def attributes(self) -> Mapping[str, str]: ...
    @property
    def published_at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a message says. A signal has an envelope of its own making, for what follows from it."""

    envelope: Envelope
    event: Event | Signal


_COMMANDS: dict[str, type[Command]] = {
    topic_of(kind): kind for kind in (RunRequested, ReprocessRequested, CancelRequested)
}


def decode_message(message: Arrival, deployment: Deployment) -> Decoded:
    """Raises `Unreadable` for what no delivery can make readable."""
    signal = _signal_of(message)
    if signal is not None:
        return _decoded_signal(message, signal)
    command = _COMMANDS.get(message.topic)
    if command is not None:
        return _decoded_command(message, command, deployment)
    envelope = from_pubsub(message.body, message.attributes)
    if envelope.type not in EVENT_OF_TYPE:
        raise Unreadable(f"{envelope.type} is no event of ours")
    return Decoded(envelope, read_event(envelope.data, EVENT_OF_TYPE[envelope.type]))


def _decoded_command(message: Arrival, kind: type[Command], deployment: Deployment) -> Decoded:
    """A command may come as a CloudEvent or as bare JSON; its id is the event's or the message's."""
    if is_event(message.attributes):
        told = from_pubsub(message.body, message.attributes)
        id_, data, time = told.id, told.data, told.time
    else:
        id_, data, time = message.id, message.body, message.published_at
    try:
        command = _named(read_event(data, kind), id_)
    except Unreadable as error:
        return _refusal(kind, id_, data, time, str(error), deployment)
    return Decoded(wrap_command(command, deployment=deployment, id_=id_, time=time), command)


def _named(command: Command, id_: str) -> Command:
    """A run that nobody named is named after its message, so that a redelivery is the same run."""
    return (
        command if command.run_id else msgspec.structs.replace(command, run_id=derived_run_id(id_))
    )


def _refusal(
    kind: type[Command], id_: str, data: bytes, time: datetime, why: str, deployment: Deployment
) -> Decoded:
    if kind is CancelRequested:
        raise Unreadable(why)
    run_id = _run_id_in(data) or derived_run_id(id_)
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


def _signal_of(message: Arrival) -> Signal | None:
    handler = handler_of_dead_letters(message.topic)
    if handler is not None:
        return read_letter(message, handler)
    if message.topic == topic_of(WatchTick):
        return WatchTick()
    if message.topic == topic_of(GcsObject):
        # An unwrapped push carries attributes as headers, whose names have no case.
        told = {name.lower(): value for name, value in message.attributes.items()}
        return GcsObject(bucket=told.get("bucketid", ""), name=told.get("objectid", ""))
    return None


def _decoded_signal(message: Arrival, signal: Signal) -> Decoded:
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
