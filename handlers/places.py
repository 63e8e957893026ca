"""Where in the run a fact belongs."""

from events import AttemptFact
from tracking import Place, WaitingAttempt


def place_of(event: AttemptFact | WaitingAttempt) -> Place:
    return Place(
        run_id=event.run_id,
        planned_on=str(event.planned_on),
        batch=event.batch,
        attempt=event.attempt,
    )
