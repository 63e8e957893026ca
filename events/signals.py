"""Signals say "look now". They are never written to the event log, and losing one costs minutes."""

import msgspec


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """A hint from outside the score."""


class WatchTick(Signal, frozen=True, kw_only=True):
    """Cloud Scheduler, every five minutes: the authority on what Vertex has done."""


class GcsObject(Signal, frozen=True, kw_only=True):
    """OBJECT_FINALIZE on the output bucket: near-instant news of a success."""

    bucket: str
    name: str


class DeadLetter(Signal, frozen=True, kw_only=True):
    """A message that was dead-lettered or failed too often, as its dead-letter topic tells it."""

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
    """A message on a topic of requests that breaks the rules of its kind."""

    run_id: str
    request_id: str
    detail: str
