"""Record a dead letter: a system error with its cause; the event is not republished any more."""

import logging
from collections.abc import Iterator

from analysis.error_types import log_fields
from events import DeadLetter, Envelope, EventDeadLettered
from events.ids import dead_letter_error
from tracking import Delivery, EventLog, Tracking

from .ports import Clock

LOG = logging.getLogger("troupe.letters")


def record_dead_letter(
    letter: DeadLetter, envelope: Envelope, tracking: Tracking, event_log: EventLog, clock: Clock
) -> Iterator[EventDeadLettered]:
    is_new = tracking.store_error(
        dead_letter_error(letter.letter_id, letter.handler, letter.cause),
        "dead_lettered",
        cause=letter.cause,
        event_id=letter.letter_id,
        handler=letter.handler,
        run_id=letter.run_id or None,
        batch=letter.batch or None,
        attempt=letter.attempt or None,
        detail=f"{letter.handler} could not handle {letter.letter_id}: {letter.detail}",
    )
    if is_new:
        LOG.error("event-dead-lettered", extra=log_fields("dead_lettered") | _ids(letter))
    delivery = Delivery(
        envelope=envelope, handler=letter.handler, outcome="dead_lettered", reason=letter.cause
    )
    event_log.record_deliveries([delivery], clock())
    yield EventDeadLettered(
        run_id=letter.run_id,
        letter_id=letter.letter_id,
        handler=letter.handler,
        cause=letter.cause,
        batch=letter.batch,
        attempt=letter.attempt,
    )


def _ids(letter: DeadLetter) -> dict[str, str]:
    return {
        "event_id": letter.letter_id,
        "handler": letter.handler,
        "cause": letter.cause,
        "run_id": letter.run_id,
    }
