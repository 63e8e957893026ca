"""Publish events again that no handler has finished: at doubling intervals, a bounded number of times."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from analysis.error_types import log_fields
from events import Envelope
from events.ids import stuck_event_error
from handlers.ports import Policy
from tracking import EventLog, Row, Tracking, UnhandledEvent

LOG = logging.getLogger("troupe.tick")


@dataclass(frozen=True, slots=True)
class Republish:
    """An instruction to the delivery loop: publish this recorded event again, for this handler."""

    envelope: Envelope
    handler: str


def republish(
    tracking: Tracking,
    event_log: EventLog,
    subscriptions: Sequence[Row],
    since: date,
    policy: Policy,
) -> Iterator[Republish]:
    """Yield the events that are due, oldest first; record a system error for those given up."""
    unhandled = tracking.unhandled_events(since, subscriptions)
    for lost in given_up(unhandled, policy):
        is_new = tracking.store_error(
            stuck_event_error(lost.event_id, lost.handler),
            "stuck_event",
            cause=lost.handler,
            event_id=lost.event_id,
            handler=lost.handler,
            detail=f"{lost.event_id} was republished {lost.republished} times",
        )
        if is_new:
            ids = {"event_id": lost.event_id, "handler": lost.handler}
            LOG.error("event-stuck", extra=log_fields("stuck_event") | ids)
    chosen = due(unhandled, policy)
    known = {e.id: e for e in event_log.load([event.event_id for event in chosen], since)}
    for event in chosen:
        yield Republish(known[event.event_id], event.handler)


def due(unhandled: Sequence[UnhandledEvent], policy: Policy) -> list[UnhandledEvent]:
    """Return the events that this tick republishes."""
    late = [
        event
        for event in unhandled
        if event.republished < policy.republish_times and _is_silent(event, policy)
    ]
    return late[: policy.republish_per_tick]


def given_up(unhandled: Sequence[UnhandledEvent], policy: Policy) -> list[UnhandledEvent]:
    """Return the events that were republished as often as allowed, and one interval has passed."""
    return [
        event
        for event in unhandled
        if event.republished >= policy.republish_times and _is_silent(event, policy)
    ]


def _is_silent(event: UnhandledEvent, policy: Policy) -> bool:
    interval: int = policy.republish_after_seconds * 2**event.republished
    return event.silent_seconds >= interval
