"""Where in the run a fact belongs."""

from events import AttemptFact
from tracking import Place


def place_of(event: AttemptFact) -> Place:
    return Place(
        run_id=event.run_id,
        planned_on=event.planned_on,
        batch=event.batch,
        attempt=event.attempt,
    )
