"""The spans of a delivery: the message, the published events, and the result.

All events of a run share one W3C trace. The span id of an event derives from the event's id (see
`events.cloudevents`), so the process that handles it, hours later and elsewhere, knows its parent.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from events import (
    EVENT_OF_TYPE,
    AttemptEvent,
    BatchOver,
    Deployment,
    Envelope,
    Event,
    JobEnded,
    JobSubmitted,
    RunPlanned,
    Signal,
    read_event,
    topic_of,
    topic_of_type,
)
from events.ids import long_hash
from handlers.choreography import name_of
from handlers.dispatch.decode import Decoded, decode_message
from handlers.dispatch.deliver import handler_of
from handlers.dispatch.message import DeliveryResult, Message, Outcome
from handlers.ports import Dependencies

from .spans import Attributes, Span, SpanContext

REPEATED = "repeated"
"""The outcome of a delivery whose event had been handled before."""
MOST_CLAIMS = 8
"""Claims of one attempt whose jobs are read from the event log; a second claim is rare."""
_FAILED = (Outcome.REDELIVER, Outcome.DEAD_LETTER)
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class _Delivery:
    """One delivery that has ended, and what it published."""

    message: Message
    decoded: Decoded | None
    """None for a message that cannot be decoded."""
    result: DeliveryResult
    started: datetime
    ended: datetime
    published: Sequence[Envelope] | None

    @property
    def outcome(self) -> str:
        repeated = self.result.outcome is Outcome.DONE and self.published is None
        return REPEATED if repeated else self.result.outcome.value

    @property
    def handler(self) -> str:
        handler = handler_of(self.decoded.event) if self.decoded else None
        return name_of(handler) if handler else ""

    @property
    def following(self) -> list[Envelope]:
        """The events that this delivery caused."""
        return [each for each in self.published or () if self._caused(each)]

    @property
    def republished(self) -> list[Envelope]:
        """The events that were published before, by another delivery."""
        return [each for each in self.published or () if not self._caused(each)]

    def _caused(self, envelope: Envelope) -> bool:
        return self.decoded is not None and envelope.causation == self.decoded.envelope.id


def spans_of(
    message: Message,
    result: DeliveryResult,
    started: datetime,
    published: Sequence[Envelope] | None,
    dependencies: Dependencies,
) -> Iterator[Span]:
    """Yield the spans of a delivery that has ended, and of the events that it published.

    `published` is None when the handler failed, or had handled the event before.
    """
    decoded = _decoded(message, dependencies.deployment)
    delivery = _Delivery(message, decoded, result, started, dependencies.clock(), published)
    parent = context_of(decoded.envelope) if decoded else None
    if decoded and parent and published is not None and not decoded.envelope.causation:
        yield _event_span(
            decoded.envelope, parent, None, min(message.published_at, started), started
        )
    context = _delivery_context(delivery, parent, dependencies)
    yield _delivery_span(delivery, context, parent)
    for envelope in delivery.following:
        yield from _following_spans(envelope, context, delivery.ended, dependencies)


def context_of(envelope: Envelope) -> SpanContext | None:
    """Return the context of the event's span; None when its traceparent is empty or malformed."""
    match = _TRACEPARENT.fullmatch(envelope.traceparent)
    return SpanContext(*match.groups()) if match else None


def _delivery_span(delivery: _Delivery, context: SpanContext, parent: SpanContext | None) -> Span:
    return Span(
        name=f"{delivery.handler or 'unreadable'} {delivery.message.topic}",
        kind="consumer",
        context=context,
        parent=parent,
        started=delivery.started,
        ended=delivery.ended,
        attributes=_delivery_attributes(delivery),
        links=_contexts(delivery.republished),
        error=delivery.result.cause if delivery.result.outcome in _FAILED else "",
        records=_records(delivery),
    )


def _event_span(
    envelope: Envelope,
    context: SpanContext,
    parent: SpanContext | None,
    started: datetime,
    ended: datetime,
    links: tuple[SpanContext, ...] = (),
) -> Span:
    """Return the span of an event, the parent of its deliveries."""
    return Span(
        name=topic_of_type(envelope.type),
        kind="producer",
        context=context,
        parent=parent,
        started=started,
        ended=ended,
        attributes=_ids(envelope),
        links=links,
    )


def _job_span(job: str, submission: Envelope, context: SpanContext, ended: datetime) -> Span:
    """Return the span of a job, from `job-submitted` to the tick that observed its end."""
    return Span(
        name="vertex-job",
        kind="client",
        context=context,
        parent=context_of(submission),
        started=submission.time,
        ended=ended,
        attributes={"troupe.job": job, "troupe.run_id": submission.correlation},
    )


def _following_spans(
    envelope: Envelope, delivery: SpanContext, at: datetime, dependencies: Dependencies
) -> Iterator[Span]:
    """Yield an event's span: a child of the delivery, or in the run's trace with a link to it."""
    context = context_of(envelope)
    if context is None:
        return
    if context.trace_id == delivery.trace_id:
        yield _event_span(envelope, context, delivery, at, at)
        return
    submitted, parent = _earlier_events(envelope, dependencies)
    for job, submission in submitted.items():
        parent = _derived(context.trace_id, "job", job)
        yield _job_span(job, submission, parent, at)
    links = (delivery, *_contexts(submitted.values()))
    yield _event_span(envelope, context, parent, at, at, links)


def _earlier_events(
    envelope: Envelope, dependencies: Dependencies
) -> tuple[dict[str, Envelope], SpanContext | None]:
    """Return the submissions of the jobs that ended, and the span of the plan, by one query."""
    event = read_event(envelope.data, EVENT_OF_TYPE[envelope.type])
    plan = dependencies.deployment.event(topic_of(RunPlanned), event.run_id)
    ids = [plan, *_submissions(event, dependencies.deployment)]
    event_log = dependencies.event_log
    known = event_log.load(ids, event_log.lookback_start(dependencies.clock()))
    submitted = {read_event(e.data, JobSubmitted).job: e for e in known if e.id != plan}
    return submitted, next((context_of(e) for e in known if e.id == plan), None)


def _submissions(event: Event, deployment: Deployment) -> list[str]:
    """Return the possible event ids of the submissions of an attempt whose jobs ended."""
    if not isinstance(event, JobEnded):
        return []
    key = (topic_of(JobSubmitted), event.run_id, event.batch, event.attempt)
    return [deployment.event(*key, claim) for claim in range(1, MOST_CLAIMS + 1)]


def _delivery_context(
    delivery: _Delivery, parent: SpanContext | None, dependencies: Dependencies
) -> SpanContext:
    """Return the context of a delivery: in the run's trace, or for a signal in its own."""
    message, deployment = delivery.message, dependencies.deployment
    alone = long_hash(deployment.id, message.id, message.published_at.isoformat())[:32]
    trace_id = parent.trace_id if parent else alone
    return _derived(trace_id, delivery.handler, message.id, dependencies.new_name())


def _delivery_attributes(delivery: _Delivery) -> Attributes:
    """Return ids, numbers and stable names."""
    message, decoded, cause = delivery.message, delivery.decoded, delivery.result.cause
    return {
        "messaging.system": "gcp_pubsub",
        "messaging.destination.name": message.topic,
        "messaging.message.id": message.id,
        "messaging.gcp_pubsub.message.delivery_attempt": message.delivery_attempt,
        "troupe.handler": delivery.handler,
        **(_ids(decoded.envelope) | _attempt(decoded.event) if decoded else {}),
        "troupe.outcome": delivery.outcome,
        **({"troupe.cause": cause} if cause else {}),
    }


def _ids(envelope: Envelope) -> dict[str, str | int]:
    return {"troupe.event_id": envelope.id, "troupe.run_id": envelope.correlation}


def _attempt(event: Event | Signal) -> dict[str, str | int]:
    """Return the batch and the attempt of an event that has them."""
    attributes: dict[str, str | int] = {}
    if isinstance(event, AttemptEvent | BatchOver):
        attributes["troupe.batch"] = event.batch
    if isinstance(event, AttemptEvent):
        attributes["troupe.attempt"] = event.attempt
    return attributes


def _records(delivery: _Delivery) -> dict[str, int]:
    """Return records by ending for a handled end of a batch; a crash may repeat it."""
    event = delivery.decoded.event if delivery.decoded else None
    if not isinstance(event, BatchOver) or delivery.outcome != Outcome.DONE.value:
        return {}
    return {"analysed": event.analysed, "failed": event.failed, "released": event.released}


def _contexts(envelopes: Iterable[Envelope]) -> tuple[SpanContext, ...]:
    return tuple(context for each in envelopes if (context := context_of(each)))


def _derived(trace_id: str, *parts: str) -> SpanContext:
    """Return a span of this trace, with a hash of the parts as its id."""
    return SpanContext(trace_id, long_hash(*parts)[:16])


def _decoded(message: Message, deployment: Deployment) -> Decoded | None:
    try:
        return decode_message(message, deployment)
    except Exception:
        return None
