"""An attempt: its key, and the result from which it is closed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self, TypedDict

from events import AttemptEvent

from .results import WaitingAttempt
from .tables import Column


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


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptResult:
    """The result of an attempt's jobs, from which the attempt is closed."""

    attempt_key: AttemptKey
    ending: str
    """`succeeded`, `failed`, `cancelled`, `refused` or `discarded`."""
    cause: str
    """Why the jobs broke off; empty when they did not."""
    never_started: bool
    """No job was created."""
    jobs: str
    """Vertex jobs, as a JSON array."""
    outputs: str
    """Their output folders, as a JSON array."""
    staged: str | None
    """The staging table of the answers; None when no answer was read."""
    output: str
    """The output table."""
    answer_record: Column
    """The column of the staging table that holds an answer."""
    answer_paths: Mapping[str, str]
    """Column of the output table to the path of its value in the answer."""
    summary_column: str
    """The column whose words `grounding` looks up in the transcript."""
    grounding: bool
    """Whether to measure grounding."""
    analysis: str
    prompt_fingerprint: str
    """Of what was asked, from the plan."""
    reader_fingerprint: str
    """Of how the answers were read."""
    model: str
    max_attempts: int
    first_gap: int
    """Seconds until the next attempt, after the service did not answer; doubled each time."""
    longest_gap: int
    prices: tuple[float, float, float] | None
    """US dollars per million tokens: input, cached input, output; None when unknown."""
    seconds: float
    peak_megabytes: float | None
