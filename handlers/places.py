"""Where in the run an event belongs."""

from events import AttemptEvent
from tracking import Place, WaitingAttempt


def place_of(event: AttemptEvent | WaitingAttempt) -> Place:
    return Place(
        run_id=event.run_id,
        planned_on=str(event.planned_on),
        batch=event.batch,
        attempt=event.attempt,
    )
