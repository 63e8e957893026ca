"""Events that the tick no longer republishes, as dead letters: operators replay or discard them too."""

from datetime import timedelta

from events import to_pubsub, topic_of_type
from handlers.choreography import event_subscriptions
from handlers.dispatch.dead_letters import CAUSE, DETAIL, StoredDeadLetter
from handlers.dispatch.republish import given_up

from .backend import Backend

STUCK = "stuck_event"


def stuck_dead_letters(backend: Backend) -> list[StoredDeadLetter]:
    """Build a dead letter for each stuck event from the event log, oldest first.

    They are not stored: the log holds all that they need.
    """
    now, dependencies = backend.clock(), backend.dependencies
    since = dependencies.event_log.lookback_start(now)
    unhandled = dependencies.tracking.unhandled_events(since, event_subscriptions())
    stuck = given_up(unhandled, dependencies.policy)
    if not stuck:
        return []
    ids = [event.event_id for event in stuck]
    envelopes = {each.id: each for each in dependencies.event_log.load(ids, since)}
    letters = []
    for event in stuck:
        envelope = envelopes[event.event_id]
        body, attributes = to_pubsub(envelope)
        why = {
            CAUSE: STUCK,
            DETAIL: f"republished {event.republished} times, and no handler finished it",
        }
        letters.append(
            StoredDeadLetter(
                letter_id=event.event_id,
                event_id=event.event_id,
                topic=topic_of_type(envelope.type),
                handler=event.handler,
                body=body,
                attributes=attributes | why,
                cause=STUCK,
                dead_lettered_at=now - timedelta(seconds=event.silent_seconds),
                state="waiting",
            )
        )
    return letters
