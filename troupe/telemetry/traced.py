"""The delivery loop, seen from outside: what it was given, what it published, how it ended."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import TypeVar

from events import (
    EVENT_OF_TYPE,
    AttemptEvent,
    Deployment,
    Envelope,
    JobEnded,
    JobSubmitted,
    RunPlanned,
    read_event,
    topic_of,
    topic_of_type,
)
from handlers.choreography import name_of
from handlers.dispatch.decode import Decoded, decode_message
from handlers.dispatch.deliver import DeliveryResult, Message, Outcome, Publish, deliver, handler_of
from handlers.ports import Dependencies

from .spans import (
    About,
    Count,
    Place,
    Sink,
    Span,
    about_delivery,
    about_place,
    derived_span,
    derived_trace,
    endings,
    event_span,
    job_span,
    place_of,
)

T = TypeVar("T")

LOG = logging.getLogger("troupe.telemetry")
REPEATED = "repeated"
"""The outcome of a delivery whose event had been handled before."""
MOST_CLAIMS = 8
"""Jobs of one attempt that are looked for in the event log; a second one is rare already."""


class Traced:
    """Delivers as the loop does, and tells what it saw; telling never fails a delivery."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def __call__(
        self, message: Message, dependencies: Dependencies, publish: Publish
    ) -> DeliveryResult:
        published: list[Sequence[Envelope]] = []

        def keep(envelopes: Sequence[Envelope]) -> None:
            publish(envelopes)
            published.append(envelopes)

        started = dependencies.clock()
        result = deliver(message, dependencies, keep)
        try:
            decoded = _decoded(message, dependencies.deployment)
            seen = Seen(message, decoded, result, started, dependencies.clock(), published)
            self._sink.count(count_of(seen))
            for span in spans_of(seen, dependencies):
                self._sink.tell(span)
        except Exception as error:
            LOG.warning("telemetry-failed", exc_info=error, extra={"message_id": message.id})
        return result


@dataclass(frozen=True, slots=True)
class Seen:
    """One delivery and what came of it."""

    message: Message
    decoded: Decoded | None
    """None for what nobody can read."""
    result: DeliveryResult
    started: datetime
    ended: datetime
    published: Sequence[Sequence[Envelope]]
    """Empty when the handler did not get to its end, or had handled the event before."""

    @property
    def outcome(self) -> str:
        repeated = self.result.outcome is Outcome.DONE and not self.published
        return REPEATED if repeated else self.result.outcome.value

    @property
    def handler(self) -> str:
        handler = handler_of(self.decoded.event) if self.decoded else None
        return name_of(handler) if handler else ""


def count_of(seen: Seen) -> Count:
    """Records are counted where a batch that is over was handled, once but for crashes."""
    done = seen.outcome == Outcome.DONE.value
    return Count(
        handler=seen.handler,
        topic=seen.message.topic,
        outcome=seen.outcome,
        milliseconds=(seen.ended - seen.started).total_seconds() * 1000,
        records=endings(seen.decoded.event) if seen.decoded and done else {},
    )


def spans_of(seen: Seen, dependencies: Dependencies) -> Iterator[Span]:
    """The command that began it all, the delivery, and the events that follow."""
    decoded = seen.decoded
    parent = place_of(decoded.envelope.traceparent) if decoded else None
    here = _place(seen, parent, dependencies)
    if decoded and parent and seen.published and not decoded.envelope.causation:
        yield from _present(_command_span(seen, decoded.envelope))
    new, republished = _sorted(seen)
    yield Span(
        name=f"{seen.handler or 'unreadable'} {seen.message.topic}",
        kind="consumer",
        place=here,
        parent=parent,
        started=seen.started,
        ended=seen.ended,
        about=_about(seen),
        links=tuple(_present(*(place_of(each.traceparent) for each in republished))),
        failed=seen.result.cause if seen.result.outcome in _FAILED else "",
    )
    for envelope in new:
        yield from _told_spans(envelope, here, seen.ended, dependencies)


_FAILED = (Outcome.REDELIVER, Outcome.DEAD_LETTER)


def _command_span(seen: Seen, command: Envelope) -> Span | None:
    """Nobody of ours told a command: its span begins with its message."""
    begun = min(seen.message.published_at, seen.started)
    return event_span(seen.message.topic, command, parent=None, started=begun, ended=seen.started)


def _told_spans(
    envelope: Envelope, here: Place, at: datetime, dependencies: Dependencies
) -> Iterator[Span]:
    """An event hangs below the delivery that told it, or in its run's trace with a link to it."""
    place, name = place_of(envelope.traceparent), topic_of_type(envelope.type)
    if place is None:
        return
    if place.trace == here.trace:
        yield from _present(event_span(name, envelope, parent=here, started=at, ended=at))
        return
    submitted, planned = _before(envelope, dependencies)
    waited = list(_present(*(job_span(job, each, at) for job, each in submitted.items())))
    yield from waited
    parent = waited[-1].place if waited else planned
    links = (here, *(span.parent for span in waited if span.parent))
    yield from _present(
        event_span(name, envelope, parent=parent, started=at, ended=at, links=links)
    )


def _before(
    envelope: Envelope, dependencies: Dependencies
) -> tuple[dict[str, Envelope], Place | None]:
    """What the event log knows of the jobs that ended, and of the plan: one query."""
    event, deployment = (
        read_event(envelope.data, EVENT_OF_TYPE[envelope.type]),
        dependencies.deployment,
    )
    ids = [deployment.event(topic_of(RunPlanned), event.run_id)]
    if isinstance(event, JobEnded):
        ids += _submissions(event, deployment)
    known = dependencies.event_log.load(
        ids, dependencies.event_log.lookback_start(dependencies.clock())
    )
    planned = next((e.traceparent for e in known if e.id == ids[0]), "")
    submitted = {read_event(e.data, JobSubmitted).job: e for e in known if e.id != ids[0]}
    return submitted, place_of(planned)


def _submissions(event: AttemptEvent, deployment: Deployment) -> list[str]:
    """The ids that the submissions of this attempt would have."""
    place = (topic_of(JobSubmitted), event.run_id, event.batch, event.attempt)
    return [deployment.event(*place, claim) for claim in range(1, MOST_CLAIMS + 1)]


def _place(seen: Seen, parent: Place | None, dependencies: Dependencies) -> Place:
    """In the run's trace, or for a signal in one of its own; each delivery is another span."""
    message = seen.message
    alone = derived_trace(dependencies.deployment.id, message.id, message.published_at.isoformat())
    span = derived_span(seen.handler, message.id, dependencies.new_name())
    return Place(parent.trace if parent else alone, span)


def _sorted(seen: Seen) -> tuple[list[Envelope], list[Envelope]]:
    """What follows from this message, and what was told before and is republished."""
    cause = seen.decoded.envelope.id if seen.decoded else None
    told = list(chain.from_iterable(seen.published))
    return [e for e in told if e.causation == cause], [e for e in told if e.causation != cause]


def _about(seen: Seen) -> About:
    decoded, cause = seen.decoded, seen.result.cause
    told = about_delivery(seen.message, seen.handler, decoded.envelope if decoded else None)
    place = about_place(decoded.event) if decoded else {}
    outcome = {"troupe.outcome": seen.outcome} | ({"troupe.cause": cause} if cause else {})
    return {**told, **place, **outcome}


def _decoded(message: Message, deployment: Deployment) -> Decoded | None:
    try:
        return decode_message(message, deployment)
    except Exception:
        return None


def _present(*things: T | None) -> Iterator[T]:
    return (thing for thing in things if thing is not None)
