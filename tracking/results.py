"""Results of the queries as typed rows."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec

from events import Envelope

Row = dict[str, Any]
"""One row of a result, by column name."""


class RedactionCount(msgspec.Struct, frozen=True, kw_only=True):
    """What one redaction rule replaced in the records of a plan; never a value."""

    rule: str
    replacements: int
    records: int
    """Records in which it replaced something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The plan of a run: what was frozen, and how many source rows were left out and why.

    One row of `run_plans`; `tracking/schemas/run_plans.json` describes each field.
    """

    run_id: str
    planned_on: date
    planned_at: datetime
    request: str
    request_hash: str
    request_id: str
    analysis: str
    analysis_files: str
    prompt_fingerprint: str
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
    no_identity: int
    duplicate: int
    conflicting_copies: int
    outside_filter: int
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
    replaces_from: datetime | None
    """When the oldest row was stored that this run replaces; None when it replaces none."""
    replaces_to: datetime | None
    of_run: str | None
    """The run whose stored answers this one reads again; None for every other run."""
    redactions: tuple[RedactionCount, ...] = ()
    """What each redaction rule replaced, if the analysis asks for a report."""

    @property
    def copies(self) -> int:
        """Source rows beside the chosen row of their record."""
        return self.duplicate + self.conflicting_copies

    @property
    def key(self) -> Row:
        """Run and planning day, as query parameters."""
        return {"run_id": self.run_id, "planned_on": self.planned_on}

    @property
    def day(self) -> str:
        """`planned_on` as events carry it: YYYY-MM-DD."""
        return self.planned_on.isoformat()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One numbered claim on an attempt."""

    claim: int
    state: str
    """`create`, `void` or `returned`."""
    age_seconds: int
    """Since it was taken, or returned."""
    job: str | None
    """The Vertex job that was created under it; None when the event log has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """All claims on an attempt, and whether it may get a job."""

    planned: bool
    """Its batch is planned, and the attempt before it left records open."""
    stopped: bool
    """Its run is stopped."""
    ended: bool
    """An end of the attempt is recorded."""
    closed: bool
    taken: tuple[Claim, ...]
    """In the order of their numbers."""

    @property
    def allows_job(self) -> bool:
        """Whether a job may be created for the attempt, behind a claim."""
        return self.planned and not (self.stopped or self.ended or self.closed)

    @property
    def newest(self) -> Claim | None:
        return self.taken[-1] if self.taken else None

    @property
    def returned_in_a_row(self) -> int:
        """How many of the newest claims were given back."""
        kept = [c.claim for c in self.taken if c.state != "returned"]
        return len(self.taken) - (kept[-1] if kept else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """How an attempt was closed, and the totals of its batch at that time."""

    attempt: int
    outcome: str
    """`answered`, `unanswered`, `released` or `refused`."""
    cause: str
    """Why it was released or refused, or why its jobs broke off; empty otherwise."""
    not_before: datetime | None
    """When the next attempt begins; None: at once."""
    analysed: int
    failed: int
    released: int
    open: int
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How many batches and records of a run are over."""

    batches: int
    finished: int
    """Batches that are over."""
    over_to: int
    """Every batch up to this number is over."""
    canary_finished: bool
    records_over: int
    """Records of the batches that are over."""
    failed_over: int
    """Of these, the failed ones."""
    stopped: bool
    refused: bool
    """The service refused a job for good."""
    unanswered_seconds: int | None
    """Since the service first failed to answer, after its newest answer; None: it answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedBatches:
    """Totals of the first batches of a run, all of them over; these never change again."""

    batches: int = 0
    records: int = 0
    failed: int = 0
    refused: bool = False
    last_answered_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingAttempt:
    """An attempt that holds a claim and is not closed."""

    run_id: str
    planned_on: date
    batch: int
    attempt: int
    first_claimed_at: datetime
    newest_claim_age: int
    """In seconds."""
    newest_claim: int
    """Number of the newest claim that may bring a job; 0 when there is none."""
    is_void: bool
    """An operator discarded the attempt: no job will be created."""
    stopped: bool
    """Whether its run is stopped."""
    jobs: tuple[str, ...]
    """The Vertex jobs that the event log has."""
    ends: tuple[str, ...]
    """Ids of the recorded events of its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnhandledEvent:
    """An event that its handler has not finished."""

    event_id: str
    handler: str
    generation: int
    """How many times an operator has replayed it for this handler."""
    republished: int
    """The number of its newest republication in this generation that counts."""
    is_given_up: bool
    """It was sent to the dead letters, and its letter is not recorded yet."""
    waits_until: datetime | None
    """When the handler wants it again; None when it does not wait, or was republished since."""
    wait_is_over: bool
    silent_seconds: int
    """Since it was last published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterState:
    """How far one event is with one handler, as its dead letters show."""

    event_id: str
    handler: str
    topic: str
    generation: int
    """The newest one; letters of an older generation are over."""
    is_done: bool
    """The handler finished the event, or an operator discarded it."""
    is_discarded: bool
    is_dead_lettered: bool
    """A letter of the newest generation waits for an operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEvent:
    """What the event log knows about an event, and the inbox about its handler."""

    is_recorded: bool
    """An event of this id is recorded."""
    is_equal: bool
    """It has this topic and this data."""
    is_handled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRecord:
    """One record that an attempt requests."""

    record_id: str
    transcript: str
    attributes: str | None
    """The call attributes as a JSON object; None without any."""
    was_truncated: bool
    """An earlier answer was cut off at the token limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What a handler did with one delivery of an event: one row of `deliveries`."""

    envelope: Envelope
    handler: str
    outcome: str
    """`done`, `waited`, `republished`, `given_up`, `dead_lettered`, `replayed` or `discarded`."""
    generation: int = 0
    republication: int | None = None
    not_before: datetime | None = None
    reason: str | None = None
    milliseconds: float | None = None
    delivery_attempt: int | None = None
