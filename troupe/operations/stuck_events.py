"""Events that the tick has given up, as letters: an operator replays or discards them as well."""

from datetime import timedelta

from events import to_pubsub, topic_of_type
from handlers.choreography import event_subscriptions
from handlers.dispatch.dead_letters import CAUSE, DETAIL, StoredDeadLetter
from handlers.dispatch.republish import given_up

from .backend import Backend

STUCK = "stuck_event"


def stuck_dead_letters(backend: Backend) -> list[StoredDeadLetter]:
    """Oldest first; made from the event log each time, so that nothing has to be kept of them."""
    now, dependencies = backend.clock(), backend.dependencies
    since = dependencies.event_log.lookback_start(now)
    unhandled = dependencies.tracking.unhandled_events(since, event_subscriptions())
    lost = given_up(unhandled, dependencies.policy)
    if not lost:
        return []
    envelopes = {
        each.id: each for each in dependencies.event_log.load([f.event_id for f in lost], since)
    }
    letters = []
    for event in lost:
        body, attributes = to_pubsub(envelopes[event.event_id])
        why = {
            CAUSE: STUCK,
            DETAIL: f"republished {event.republished} times, and nobody finished it",
        }
        letters.append(
            StoredDeadLetter(
                letter_id=event.event_id,
                event_id=event.event_id,
                topic=topic_of_type(envelopes[event.event_id].type),
                handler=event.handler,
                body=body,
                attributes=attributes | why,
                cause=STUCK,
                dead_lettered_at=now - timedelta(seconds=event.silent_seconds),
                state="waiting",
            )
        )
    return letters
