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
    """A message from a dead-letter topic: rejected by its handler, or failed too often."""

    letter_id: str
    handler: str
    cause: str
    detail: str
    event_type: str = ""
    run_id: str = ""
    batch: int = 0
    attempt: int = 0
    deliveries: int = 0


class BadRequest(Signal, frozen=True, kw_only=True):
    """A request message with an invalid field."""

    run_id: str
    request_id: str
    detail: str
