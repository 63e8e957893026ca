"""Publish events again that no handler has finished; give those up that were republished in vain."""

from collections.abc import Iterator, Sequence
from datetime import date

from events import Envelope
from handlers.ports import Dependencies, Policy
from tracking import EventLog, Row, Tracking, UnhandledEvent

from .instructions import GiveUp, Republish


def republish(
    tracking: Tracking,
    event_log: EventLog,
    subscriptions: Sequence[Row],
    since: date,
    policy: Policy,
) -> Iterator[Republish | GiveUp]:
    """Yield what to do about the events that are due, oldest first, a bounded number of them."""
    chosen = due(tracking.unhandled_events(since, subscriptions), policy)
    envelopes = _envelopes(chosen, event_log, since)
    for event in chosen:
        is_over = event.waits_until is None and event.republished >= policy.republish_times
        yield _instruction(event, envelopes[event.event_id], give_up=is_over)


def unfinished(dependencies: Dependencies) -> list[Envelope]:
    """Return every event that no handler has finished, for a bus that lost what it held."""
    event_log = dependencies.event_log
    since = event_log.lookback_start(dependencies.clock())
    events = dependencies.tracking.unhandled_events(since, dependencies.subscriptions)
    envelopes = _envelopes(events, event_log, since)
    return [_instruction(each, envelopes[each.event_id]).publication() for each in events]


def due(unhandled: Sequence[UnhandledEvent], policy: Policy) -> list[UnhandledEvent]:
    """Return the events that this tick publishes again.

    Those that were given up come last: while their letters cannot be recorded, they would use up
    every tick.
    """
    late = [event for event in unhandled if _is_due(event, policy)]
    return sorted(late, key=lambda event: event.is_given_up)[: policy.republish_per_tick]


def _is_due(event: UnhandledEvent, policy: Policy) -> bool:
    if event.is_given_up:
        return event.silent_seconds >= policy.unrecorded_letter_seconds
    if event.waits_until is not None:
        return event.wait_is_over
    interval: int = policy.republish_after_seconds * 2**event.republished
    return event.silent_seconds >= interval


def _envelopes(
    events: Sequence[UnhandledEvent], event_log: EventLog, since: date
) -> dict[str, Envelope]:
    if not events:
        return {}
    ids = [event.event_id for event in events]
    return {envelope.id: envelope for envelope in event_log.load(ids, since)}


def _instruction(
    event: UnhandledEvent, envelope: Envelope, *, give_up: bool = False
) -> Republish | GiveUp:
    """A republication that ends a wait repeats the number before it, so that it does not count."""
    if give_up or event.is_given_up:
        return GiveUp(envelope=envelope, handler=event.handler, generation=event.generation)
    return Republish(
        envelope=envelope,
        handler=event.handler,
        generation=event.generation,
        republication=event.republished + (event.waits_until is None),
        not_before=event.waits_until,
    )
