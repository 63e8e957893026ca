"""The one way a message travels: open, remember, handle, remember, publish, mark, acknowledge.

Delivering twice is harmless. Failing anywhere leaves the message to be delivered again.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from inspect import signature
from typing import Any

from events import Command, DeadLetter, Envelope, Event, Signal, Unreadable, wrap
from handlers.choreography import CHOREOGRAPHY, SIGNALS, Handler, name_of
from handlers.ports import Dependencies
from tracking import Delivery

from .decode import Decoded, decode_message
from .errors import Reject, Wait
from .republish import Republish

LOG = logging.getLogger("troupe.delivery")

Publish = Callable[[Sequence[Envelope]], None]


class Outcome(Enum):
    """What becomes of the message."""

    DONE = "done"
    """Acknowledged: everything that follows from it is published."""
    WAIT = "wait"
    """Acknowledged, not marked: the tick tells it again."""
    REDELIVER = "redeliver"
    """Not acknowledged: the same message comes again, with back-off."""
    DEAD_LETTER = "dead_lettered"
    """Acknowledged, and handed to the dead letters with its cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One delivery of one Pub/Sub message."""

    topic: str
    id: str
    body: bytes
    attributes: Mapping[str, str]
    published_at: datetime
    delivery_attempt: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryResult:
    """The outcome, and for what did not get through a stable cause and a detail."""

    outcome: Outcome
    cause: str = ""
    detail: str = ""


def deliver(message: Message, dependencies: Dependencies, publish: Publish) -> DeliveryResult:
    """Handle one delivery; every exception becomes a result."""
    try:
        decoded = decode_message(message, dependencies.deployment)
    except Exception as error:
        return _told(message, None, _unreadable(error))
    try:
        return _told(message, decoded, _deliver_or_wait(message, decoded, dependencies, publish))
    except Reject as aside:
        return _told(message, decoded, _aside(aside, decoded))
    except Exception as error:
        LOG.warning("delivery-failed", exc_info=error, extra=_about(message, decoded))
        cause = type(error).__name__
        return _told(message, decoded, DeliveryResult(outcome=Outcome.REDELIVER, cause=cause))


def _deliver_or_wait(
    message: Message, decoded: Decoded, dependencies: Dependencies, publish: Publish
) -> DeliveryResult:
    try:
        return _deliver(message, decoded, dependencies, publish)
    except Wait as wait:
        _mark(decoded, "waited", message, dependencies, reason=str(wait))
        return DeliveryResult(outcome=Outcome.WAIT, cause="wait", detail=str(wait))


def _aside(aside: Reject, decoded: Decoded) -> DeliveryResult:
    """Behind the dead letters there is no other place: a letter comes again until it is noted."""
    is_letter = isinstance(decoded.event, DeadLetter)
    outcome = Outcome.REDELIVER if is_letter else Outcome.DEAD_LETTER
    return DeliveryResult(outcome=outcome, cause=aside.cause, detail=aside.detail)


def _unreadable(error: Exception) -> DeliveryResult:
    """Only our own words are repeated: a foreign error may quote what it read."""
    detail = str(error) if isinstance(error, Unreadable) else type(error).__name__
    return DeliveryResult(outcome=Outcome.DEAD_LETTER, cause="unreadable_message", detail=detail)


def _deliver(
    message: Message, decoded: Decoded, dependencies: Dependencies, publish: Publish
) -> DeliveryResult:
    done = DeliveryResult(outcome=Outcome.DONE)
    if isinstance(decoded.event, Command):
        _record_command(decoded.envelope, dependencies)
    handler = handler_of(decoded.event)
    if handler is None:
        return done
    if isinstance(decoded.event, Event) and _was_handled(decoded, handler, dependencies):
        return done
    started = dependencies.clock()
    found = list(handler(decoded.event, **_given(handler, decoded, dependencies)))
    _publish(found, handler, decoded, dependencies, publish)
    if isinstance(decoded.event, Event):
        spent = (dependencies.clock() - started).total_seconds() * 1000
        _mark(decoded, "done", message, dependencies, milliseconds=spent)
    return done


def _was_handled(decoded: Decoded, handler: Handler, dependencies: Dependencies) -> bool:
    """A handler without tools is cheaper to run again than to ask about."""
    return bool(needs_of(handler)) and dependencies.event_log.was_handled(
        decoded.envelope.id, name_of(handler), dependencies.clock()
    )


def _publish(
    found: Sequence[Event | Republish],
    handler: Handler,
    decoded: Decoded,
    dependencies: Dependencies,
    publish: Publish,
) -> None:
    """Everything is remembered before the first of it is published."""
    now = dependencies.clock()
    events = [
        wrap(
            event,
            deployment=dependencies.deployment,
            source=name_of(handler),
            time=now,
            cause=decoded.envelope,
        )
        for event in found
        if isinstance(event, Event)
    ]
    republished = [each for each in found if isinstance(each, Republish)]
    dependencies.event_log.record(events, now)
    publish([*events, *(each.envelope for each in republished)])
    again = [
        Delivery(envelope=r.envelope, handler=r.handler, outcome="republished") for r in republished
    ]
    dependencies.event_log.record_deliveries(again, now)


def _record_command(envelope: Envelope, dependencies: Dependencies) -> None:
    """What comes from outside is remembered on arrival, and one id stands for one command."""
    known = dependencies.event_log.load(
        [envelope.id], dependencies.event_log.lookback_start(dependencies.clock())
    )
    if not known:
        dependencies.event_log.record([envelope], dependencies.clock())
    elif known[0].data != envelope.data:
        raise Reject("id_reused", f"{envelope.id} was used before for something else")


def handler_of(event: Event | Signal) -> Handler | None:
    if isinstance(event, Signal):
        return SIGNALS[type(event)]
    return CHOREOGRAPHY.get(type(event))


@cache
def needs_of(handler: Handler) -> tuple[str, ...]:
    """The tools that a handler asks for: every parameter after the event."""
    return tuple(signature(handler).parameters)[1:]


def _given(handler: Handler, decoded: Decoded, dependencies: Dependencies) -> dict[str, Any]:
    return {
        need: decoded.envelope if need == "envelope" else getattr(dependencies, need)
        for need in needs_of(handler)
    }


def _mark(
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


def _told(message: Message, decoded: Decoded | None, result: DeliveryResult) -> DeliveryResult:
    """One line a delivery: ids only."""
    about = _about(message, decoded) | {"outcome": result.outcome.value, "cause": result.cause}
    LOG.info("delivered", extra=about)
    return result


def _about(message: Message, decoded: Decoded | None) -> dict[str, Any]:
    return {
        "topic": message.topic,
        "message_id": message.id,
        "event_id": decoded.envelope.id if decoded else "",
        "run_id": decoded.envelope.correlation if decoded else "",
        "delivery_attempt": message.delivery_attempt,
    }
