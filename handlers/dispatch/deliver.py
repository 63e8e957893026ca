"""The delivery loop: what happens to one Pub/Sub message, in this order.

    decode → record a command, or find the event recorded → already handled? → handle
    → record the events that follow → publish them → mark as handled → acknowledge

Pub/Sub delivers at least once, so every step may run twice and every process may die between two
of them. Two tables make that harmless. The event log is the *outbox*: events are recorded under
deterministic ids before the first of them is published, and a lost publish is repeated from there.
A message whose event is not recorded was published by somebody else, and is rejected.
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

from .dead_letters import NOT_RECORDED
from .decode import Decoded, decode_message
from .errors import Reject, Wait
from .instructions import Instruction
from .message import DeliveryResult, Message, Outcome

LOG = logging.getLogger("troupe.delivery")

Publish = Callable[[Sequence[Envelope]], None]
"""Publishes events to their topics; raises when one of them may not be out."""


def deliver(message: Message, dependencies: Dependencies, publish: Publish) -> DeliveryResult:
    """Handle one delivery. Every exception becomes a result; none is raised."""
    decoded = None
    try:
        decoded = decode_message(message, dependencies.deployment)
        result = _handle(message, decoded, dependencies, publish)
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


def _handle(
    message: Message, decoded: Decoded, dependencies: Dependencies, publish: Publish
) -> DeliveryResult:
    handler = handler_of(decoded.event)
    if handler is None or _was_handled(decoded, handler, dependencies):
        return DeliveryResult(outcome=Outcome.DONE)
    started = dependencies.clock()
    following, wait = _follow(handler, decoded, dependencies)
    _publish(following, handler, decoded, dependencies, publish)
    if wait is not None:
        _record_delivery(decoded, handler, "waited", message, dependencies, wait=wait)
        return DeliveryResult(
            outcome=Outcome.WAIT, cause="wait", detail=str(wait), not_before=wait.not_before
        )
    if isinstance(decoded.event, Event):
        spent = (dependencies.clock() - started).total_seconds() * 1000
        _record_delivery(decoded, handler, "done", message, dependencies, milliseconds=spent)
    return DeliveryResult(outcome=Outcome.DONE)


def _follow(
    handler: Handler, decoded: Decoded, dependencies: Dependencies
) -> tuple[list[Event | Instruction], Wait | None]:
    """Call the handler; return what follows, and the wait that ended it early."""
    following: list[Event | Instruction] = []
    try:
        for each in handler(decoded.event, **_arguments(handler, decoded, dependencies)):
            following.append(each)  # noqa: PERF402 - extend need not keep what it got before an error
    except Wait as wait:
        return following, wait
    return following, None


def _was_handled(decoded: Decoded, handler: Handler, dependencies: Dependencies) -> bool:
    """Ask outbox and inbox. A command is recorded here, on arrival.

    A command's id is its sender's: it is its idempotency key. Raises `Reject` when it was used
    before with other content, and for an event that the event log does not hold.
    """
    if isinstance(decoded.event, Signal):
        return False
    envelope, now = decoded.envelope, dependencies.clock()
    known = dependencies.event_log.known(envelope, name_of(handler), now)
    if isinstance(decoded.event, Command):
        if not known.is_recorded:
            dependencies.event_log.record([envelope], now)
        elif not known.is_equal:
            raise Reject("id_reused", f"{envelope.id} was used before with other content")
    elif not known.is_equal:
        what = "other content" if known.is_recorded else "no event of this id and time"
        raise Reject(NOT_RECORDED, f"the event log has {what}: {envelope.id}")
    return known.is_handled


def _publish(
    following: Sequence[Event | Instruction],
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
    instructions = [each for each in following if isinstance(each, Instruction)]
    dependencies.event_log.record(events, now)
    _mark([each for each in instructions if each.is_marked_first], dependencies)
    publish([*events, *(each.publication() for each in instructions if each.is_published)])
    _mark([each for each in instructions if not each.is_marked_first], dependencies)


def _mark(instructions: Sequence[Instruction], dependencies: Dependencies) -> None:
    marks = [each.delivery() for each in instructions]
    dependencies.event_log.record_deliveries(marks, dependencies.clock())


def _arguments(handler: Handler, decoded: Decoded, dependencies: Dependencies) -> dict[str, Any]:
    return {
        need: decoded.envelope if need == "envelope" else getattr(dependencies, need)
        for need in needs_of(handler)
    }


def _record_delivery(
    decoded: Decoded,
    handler: Handler,
    outcome: str,
    message: Message,
    dependencies: Dependencies,
    *,
    wait: Wait | None = None,
    milliseconds: float | None = None,
) -> None:
    delivery = Delivery(
        envelope=decoded.envelope,
        handler=name_of(handler),
        outcome=outcome,
        generation=decoded.generation,
        not_before=wait.not_before if wait else None,
        reason=str(wait) if wait else None,
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
