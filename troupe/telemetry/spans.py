"""What a trace is made of: a span for each event, each delivery of one, and each job.

All events of a run share one W3C trace. The span id of an event derives from the event's id (see
`events.cloudevents`), so that whoever handles it, hours later and elsewhere, knows its parent.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

from events import AttemptEvent, BatchOver, Envelope, Event, Signal
from handlers.dispatch.deliver import Message

About = Mapping[str, str | int]
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


class Place(NamedTuple):
    """Where a span stands, in hex digits."""

    trace: str
    span: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Something that has ended."""

    name: str
    kind: str
    """`producer` for an event, `consumer` for a delivery, `client` for a job."""
    place: Place
    parent: Place | None
    started: datetime
    ended: datetime
    about: About
    links: tuple[Place, ...] = ()
    failed: str = ""
    """A stable word for why; empty when nothing failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What one delivery adds to the metrics."""

    handler: str
    topic: str
    outcome: str
    milliseconds: float
    records: Mapping[str, int] = field(default_factory=dict)
    """Records by ending, when the delivery told of a batch that is over."""


class Sink(Protocol):
    """Where spans and counts go."""

    def tell(self, span: Span) -> None: ...
    def count(self, count: Count) -> None: ...
    def close(self) -> None:
        """Send what is kept."""
        ...


def place_of(traceparent: str) -> Place | None:
    """None for what is no traceparent."""
    match = _TRACEPARENT.fullmatch(traceparent)
    return Place(*match.groups()) if match else None


def derived_trace(*parts: str) -> str:
    return _hex(parts)[:32]


def derived_span(*parts: str) -> str:
    return _hex(parts)[:16]


def event_span(
    name: str,
    envelope: Envelope,
    *,
    parent: Place | None,
    started: datetime,
    ended: datetime,
    links: tuple[Place, ...] = (),
) -> Span | None:
    """The span that deliveries of this event hang below; None for an event without a trace."""
    place = place_of(envelope.traceparent)
    if place is None:
        return None
    return Span(
        name=name,
        kind="producer",
        place=place,
        parent=parent,
        started=started,
        ended=ended,
        about={"troupe.event_id": envelope.id, "troupe.run_id": envelope.correlation},
        links=links,
    )


def job_span(job: str, submitted: Envelope, ended: datetime) -> Span | None:
    """The hours of a job, from the event that told of it to the look that found it ended."""
    parent = place_of(submitted.traceparent)
    if parent is None:
        return None
    return Span(
        name="vertex-job",
        kind="client",
        place=Place(parent.trace, derived_span("job", job)),
        parent=parent,
        started=submitted.time,
        ended=ended,
        about={"troupe.job": job, "troupe.run_id": submitted.correlation},
    )


def about_delivery(
    message: Message, handler: str, envelope: Envelope | None
) -> dict[str, str | int]:
    """Ids alone."""
    told: dict[str, str | int] = {
        "messaging.system": "gcp_pubsub",
        "messaging.destination.name": message.topic,
        "messaging.message.id": message.id,
        "messaging.gcp_pubsub.message.delivery_attempt": message.delivery_attempt,
        "troupe.handler": handler,
    }
    if envelope is not None:
        told |= {"troupe.event_id": envelope.id, "troupe.run_id": envelope.correlation}
    return told


def about_place(event: Event | Signal) -> About:
    """The batch and the attempt, of an event that has them."""
    told: dict[str, str | int] = {}
    if isinstance(event, AttemptEvent | BatchOver):
        told["troupe.batch"] = event.batch
    if isinstance(event, AttemptEvent):
        told["troupe.attempt"] = event.attempt
    return told


def endings(event: Event | Signal) -> dict[str, int]:
    """Records by ending, of a batch that is over."""
    if not isinstance(event, BatchOver):
        return {}
    return {"analysed": event.analysed, "failed": event.failed, "released": event.released}


def _hex(parts: Sequence[str]) -> str:
    return hashlib.sha256("__".join(parts).encode()).hexdigest()
