"""What a handler may return beside events: instructions about an event that is recorded already.

The delivery loop carries them out. Each writes a row of `deliveries`, and its place in the order of
the steps makes a crash between two of them harmless:

    Replay     mark, then publish     a lost publish is republished by the tick
    Republish  publish, then mark     a lost mark republishes once more
    GiveUp     publish, then mark     a lost mark gives it up once more: the same letter
    Discard    mark after everything  a lost mark discards once more: the attempt is closed once
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import ClassVar

from events import Envelope
from events.cloudevents import AddressedEnvelope
from tracking import Delivery

from .dead_letters import STUCK, cause_attributes


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """An instruction to the delivery loop about one event and one handler."""

    outcome: ClassVar[str]
    """The outcome in `deliveries`."""
    is_marked_first: ClassVar[bool] = False
    is_published: ClassVar[bool] = True

    envelope: Envelope
    handler: str
    generation: int = 0

    def delivery(self) -> Delivery:
        """Return the row of `deliveries`, which has every field of an instruction."""
        return Delivery(
            outcome=self.outcome, **{each.name: getattr(self, each.name) for each in fields(self)}
        )

    def publication(self) -> AddressedEnvelope:
        """Return what is published."""
        return self._addressed()

    def _addressed(self, cause: Mapping[str, str] | None = None) -> AddressedEnvelope:
        values = {f.name: getattr(self.envelope, f.name) for f in fields(Envelope)}
        return AddressedEnvelope(
            **values,
            handler=self.handler,
            generation=self.generation,
            cause=cause,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Republish(Instruction):
    """Publish an event again that its handler has not finished."""

    outcome = "republished"

    republication: int
    """The number of this republication in its generation, from 1."""
    not_before: datetime | None = None
    """The time that the handler waited for; such a republication does not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp(Instruction):
    """Publish an event to its handler's dead-letter topic: it was republished as often as allowed."""

    outcome = "given_up"

    def publication(self) -> AddressedEnvelope:
        detail = "republished as often as allowed, and not handled"
        return self._addressed(cause_attributes(STUCK, detail))


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay(Instruction):
    """Publish a dead-lettered event again, as the next generation."""

    outcome = "replayed"
    is_marked_first = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Discard(Instruction):
    """Close a dead letter for good."""

    outcome = "discarded"
    is_published = False

    reason: str
