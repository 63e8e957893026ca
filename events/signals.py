"""Signals: hints to look at Vertex now. They are not recorded; the next tick makes up for a lost one."""

import msgspec


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is not an event and is not recorded in the event log."""


class WatchTick(Signal, frozen=True, kw_only=True):
    """Cloud Scheduler's tick, every five minutes: watch-jobs asks Vertex for the state of every job."""


class GcsObject(Signal, frozen=True, kw_only=True):
    """OBJECT_FINALIZE on the output bucket: a job wrote a file, seconds ago."""

    bucket: str
    name: str


class DeadLetter(Signal, frozen=True, kw_only=True):
    """A message from a dead-letter topic: rejected, failed too often, or given up by the tick."""

    message_id: str
    """Of the message that was dead-lettered."""
    handler: str
    """The handler that could not handle the message."""
    generation: int
    """How many times the event had been replayed for this handler."""
    cause: str
    detail: str
    deliveries: int = 0
    body: str = ""
    """The start of the message's body."""
    is_readable: bool = True
    """Whether the message is an event or a command of ours."""


class BadRequest(Signal, frozen=True, kw_only=True):
    """A request message with an invalid field."""

    run_id: str
    request_id: str
    detail: str
