"""The key of an attempt."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Self, TypedDict

from events import AttemptEvent

from .results import WaitingAttempt


class AttemptFields(TypedDict):
    """The key of an attempt, under the field names of events."""

    run_id: str
    planned_on: str
    batch: int
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptKey:
    """One attempt at one batch of one run."""

    run_id: str
    planned_on: str
    batch: int
    attempt: int = 0

    @classmethod
    def of(cls, event: AttemptEvent | WaitingAttempt) -> Self:
        """Read the key from an event or a waiting attempt."""
        return cls(
            run_id=event.run_id,
            planned_on=str(event.planned_on),
            batch=event.batch,
            attempt=event.attempt,
        )

    @property
    def parts(self) -> tuple[str, int, int]:
        """The parts of the attempt's id."""
        return self.run_id, self.batch, self.attempt

    def fields(self) -> AttemptFields:
        """The key as the fields that every event of an attempt has."""
        return {
            "run_id": self.run_id,
            "planned_on": self.planned_on,
            "batch": self.batch,
            "attempt": self.attempt,
        }

    def params(self) -> dict[str, Any]:
        """The key as query parameters."""
        return {
            "run_id": self.run_id,
            "planned_on": date.fromisoformat(self.planned_on),
            "batch": self.batch,
            "attempt": self.attempt,
        }
