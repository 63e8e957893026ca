"""The delivery loop: what happens to one Pub/Sub message, in this order.

    decode → record a command → already handled? → handle → record the events that follow
    → publish them → mark as handled → acknowledge

Pub/Sub delivers at least once, so every step may run twice and every process may die between two
of them. Two tables make that harmless. The event log is the *outbox*: events are recorded under
deterministic ids before the first of them is published, and a lost publish is repeated from there.
The deliveries are the *inbox*: what a handler has done already is not done again. The inbox only
saves work; handlers are idempotent without it.
"""

import logging
from collections.abc import Callable, Sequence
from functools import cache
from inspect import signature
from typing import Any

from events import Command, DeadLetter, Envelope, Event, Signal, Unreadable, wrap
from handlers.choreography import CHOREOGRAPHY, SIGNALS, Handler, name_of
from handlers.ports import Dependencies
from tracking import Delivery

from .decode import Decoded, decode_message
from .errors import Reject, Wait
from .message import DeliveryResult, Message, Outcome
from .republish import Republish

LOG = logging.getLogger("troupe.delivery")

Publish = Callable[[Sequence[Envelope]], None]
"""Publishes events to their topics; raises when one of them may not be out."""


def deliver(message: Message, dependencies: Dependencies, publish: Publish) -> DeliveryResult:
    """Handle one delivery. Every exception becomes a result; none is raised."""
    decoded = None
    try:
        decoded = decode_message(message, dependencies.deployment)
        result = _handle_or_wait(message, decoded, dependencies, publish)
    except Reject as error:
        result = _rejected(error, decoded)
    except Exception as error:
        if decoded is None:
            result = _unreadable(error)
        else:
            LOG.warning("delivery-failed", exc_info=error, extra=_log_fields(message, decoded))
            result = DeliveryResult(outcome=Outcome.REDELIVER, cause=type(error).__name__)
    fields = {"outcome": result.outcome.value, "cause": result.cause}
    LOG.info("delivered", extra=_log_fields(message, decoded) | fields)
    return result


def handler_of(event: Event | Signal) -> Handler | None:
    """Return the handler of an event or a signal; None for an event that has none."""
    if isinstance(event, Signal):
        return SIGNALS[type(event)]
    return CHOREOGRAPHY.get(type(event))


@cache
def needs_of(handler: Handler) -> tuple[str, ...]:
    """Return the dependencies that a handler names: every parameter after the event."""
    return tuple(signature(handler).parameters)[1:]


def _handle_or_wait(
    message: Message, decoded: Decoded, dependencies: Dependencies, publish: Publish
) -> DeliveryResult:
    try:
        _handle(message, decoded, dependencies, publish)
    except Wait as wait:
        _record_delivery(decoded, "waited", message, dependencies, reason=str(wait))
        return DeliveryResult(outcome=Outcome.WAIT, cause="wait", detail=str(wait))
    return DeliveryResult(outcome=Outcome.DONE)


def _handle(
    message: Message, decoded: Decoded, dependencies: Dependencies, publish: Publish
) -> None:
    if isinstance(decoded.event, Command):
        _record_command(decoded.envelope, dependencies)
    handler = handler_of(decoded.event)
    if handler is None or _was_handled(decoded, handler, dependencies):
        return
    started = dependencies.clock()
    following = list(handler(decoded.event, **_arguments(handler, decoded, dependencies)))
    _publish(following, handler, decoded, dependencies, publish)
    if isinstance(decoded.event, Event):
        spent = (dependencies.clock() - started).total_seconds() * 1000
        _record_delivery(decoded, "done", message, dependencies, milliseconds=spent)


def _was_handled(decoded: Decoded, handler: Handler, dependencies: Dependencies) -> bool:
    """Ask the inbox. A handler without dependencies is cheaper to run again than to look up."""
    if isinstance(decoded.event, Signal) or not needs_of(handler):
        return False
    return dependencies.event_log.was_handled(
        decoded.envelope.id, name_of(handler), dependencies.clock()
    )


def _publish(
    following: Sequence[Event | Republish],
    handler: Handler,
    decoded: Decoded,
    dependencies: Dependencies,
    publish: Publish,
) -> None:
    """Record every event in the outbox before the first of them is published."""
    now = dependencies.clock()
    events = [
        wrap(
            event,
            deployment=dependencies.deployment,
            source=name_of(handler),
            time=now,
            cause=decoded.envelope,
        )
        for event in following
        if isinstance(event, Event)
    ]
    again = [each for each in following if isinstance(each, Republish)]
    dependencies.event_log.record(events, now)
    publish([*events, *(each.envelope for each in again)])
    republished = [
        Delivery(envelope=each.envelope, handler=each.handler, outcome="republished")
        for each in again
    ]
    dependencies.event_log.record_deliveries(republished, now)


def _record_command(envelope: Envelope, dependencies: Dependencies) -> None:
    """Record a command on arrival, under its own id: the id is its idempotency key.

    Raises `Reject` when the id was used before with other content.
    """
    now = dependencies.clock()
    since = dependencies.event_log.lookback_start(now)
    known = dependencies.event_log.load([envelope.id], since)
    if not known:
        dependencies.event_log.record([envelope], now)
    elif known[0].data != envelope.data:
        raise Reject("id_reused", f"{envelope.id} was used before with other content")


def _arguments(handler: Handler, decoded: Decoded, dependencies: Dependencies) -> dict[str, Any]:
    return {
        need: decoded.envelope if need == "envelope" else getattr(dependencies, need)
        for need in needs_of(handler)
    }


def _record_delivery(
    decoded: Decoded,
    outcome: str,
    message: Message,
    dependencies: Dependencies,
    *,
    reason: str | None = None,
    milliseconds: float | None = None,
) -> None:
    handler = handler_of(decoded.event)
    if handler is None:
        return
    delivery = Delivery(
        envelope=decoded.envelope,
        handler=name_of(handler),
        outcome=outcome,
        reason=reason,
        milliseconds=milliseconds,
        delivery_attempt=message.delivery_attempt,
    )
    dependencies.event_log.record_deliveries([delivery], dependencies.clock())


def _rejected(error: Reject, decoded: Decoded | None) -> DeliveryResult:
    """A dead letter that cannot be recorded has no further topic to go to: it is redelivered."""
    is_dead_letter = decoded is not None and isinstance(decoded.event, DeadLetter)
    outcome = Outcome.REDELIVER if is_dead_letter else Outcome.DEAD_LETTER
    return DeliveryResult(outcome=outcome, cause=error.cause, detail=error.detail)


def _unreadable(error: Exception) -> DeliveryResult:
    """Only texts of `Unreadable` are ours; another error's text may quote the message."""
    detail = str(error) if isinstance(error, Unreadable) else type(error).__name__
    return DeliveryResult(outcome=Outcome.DEAD_LETTER, cause="unreadable_message", detail=detail)


def _log_fields(message: Message, decoded: Decoded | None) -> dict[str, Any]:
    """Return ids alone, for one line of the log a delivery."""
    return {
        "topic": message.topic,
        "message_id": message.id,
        "event_id": decoded.envelope.id if decoded else "",
        "run_id": decoded.envelope.correlation if decoded else "",
        "delivery_attempt": message.delivery_attempt,
    }
