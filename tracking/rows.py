"""What the tracking tables answer, typed."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from events import Envelope

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What was frozen for a run, and what was left out and why."""

    run_id: str
    planned_on: date
    planned_at: datetime
    request: str
    request_hash: str
    request_id: str
    analysis: str
    mode: str
    model: str
    dry_run: bool
    whole: bool
    batches: int
    records: int
    bytes: int
    would_batches: int
    would_records: int
    would_bytes: int
    source_rows: int
    outside_filter: int
    duplicate: int
    processed: int
    changed: int
    failed_before: int
    held: int
    empty_transcript: int
    request_too_large: int
    below_floor: int
    beyond_limit: int
    event_time_floor: datetime | None
    newest_event_time: datetime | None

    @property
    def day(self) -> str:
        """`planned_on` as it travels in events."""
        return self.planned_on.isoformat()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One numbered claim on an attempt."""

    claim: int
    state: str
    age_seconds: int
    job: str | None
    """The job that it brought, as far as the event log knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What is known of the right to ask an attempt."""

    stopped: bool
    """The run is; a claim taken now would be void."""
    taken: tuple[Claim, ...]
    """In the order of their numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """How the batch stood when this attempt was closed."""

    attempt: int
    outcome: str
    cause: str
    analysed: int
    failed: int
    released: int
    open: int
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is."""

    batches: int
    finished: int
    over_to: int
    """All batches up to this one are finished."""
    canary_finished: bool
    records_over: int
    failed_over: int
    stopped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """What the first batches of a run came to, all of them over: this never changes again."""

    batches: int = 0
    records: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingAttempt:
    """An attempt that holds a claim and whose end is not yet known."""

    run_id: str
    planned_on: date
    batch: int
    attempt: int
    first_claimed_at: datetime
    newest_claim_age: int
    claims: int
    stopped: bool
    jobs: tuple[str, ...]
    """That the event log knows of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnhandledEvent:
    """An event that its handler has not finished."""

    event_id: str
    handler: str
    republished: int
    silent_seconds: int
    """Since it was told last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One record that an attempt asks for."""

    record_id: str
    transcript: str
    was_truncated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What a handler did with one delivery of an event."""

    envelope: Envelope
    handler: str
    outcome: str
    reason: str | None = None
    milliseconds: float | None = None
    delivery_attempt: int | None = None
