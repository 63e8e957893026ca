"""The events of a run, in the order of the flow. They carry ids, URIs and counts, never transcripts."""

from datetime import datetime
from typing import ClassVar

import msgspec

from .ids import short_hash


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened in a run. Unknown fields, of a newer version, are ignored."""

    identified_by: ClassVar[tuple[str, ...]] = ("run_id",)
    """The idempotency key: two events of one class with equal fields here are the same event."""

    run_id: str


class RunEvent(Event, frozen=True, kw_only=True):
    """An event of a planned run. Queries prune partitions by `planned_on`."""

    planned_on: str
    """The day of the plan, as YYYY-MM-DD in UTC."""


class AttemptEvent(RunEvent, frozen=True, kw_only=True):
    """An event of one attempt at one batch; both count from 1."""

    identified_by: ClassVar[tuple[str, ...]] = ("run_id", "batch", "attempt")

    batch: int
    attempt: int


class RunPlanned(RunEvent, frozen=True, kw_only=True):
    """The records of every batch are frozen."""

    analysis: str
    batches: int
    records: int
    dry_run: bool = False


class RunRefused(Event, frozen=True, kw_only=True):
    """A request was refused, and had no other effect."""

    identified_by = ("run_id", "request_id")

    request_id: str
    """The event id of the request."""
    reason: str
    """`bad_input`, `run_id_taken`, `over_budget`, `unknown_price`, `unknown_analysis`,
    `unknown_attribute`, `attribute_type` or `cancelled`; for a run that cannot be read again `unknown_run`,
    `no_answers`, `membership_gone`, `run_open` or `prompt_changed`."""
    detail: str
    """Which field is invalid and what to do; no personal data."""


class BatchPlanned(AttemptEvent, frozen=True, kw_only=True):
    """An attempt at a batch may begin; `records` of the batch are open."""

    records: int
    not_before: datetime | None = None
    """It waits until then, because the service did not answer the attempt before; None: at once."""


class RereadPlanned(AttemptEvent, frozen=True, kw_only=True):
    """The stored answers of a batch may be read again; `records` of it have no row."""

    records: int


class JsonlUploaded(AttemptEvent, frozen=True, kw_only=True):
    """The request file of an attempt is in the bucket."""

    uri: str
    generation: int
    lines: int
    bytes: int
    checksum: str


class JobSubmitted(AttemptEvent, frozen=True, kw_only=True):
    """Vertex accepted the job that was created under one claim."""

    identified_by = ("run_id", "batch", "attempt", "claim")

    claim: int
    job: str


class JobEnded(AttemptEvent, frozen=True, kw_only=True):
    """Every job of the attempt has ended; the subclass is the result."""

    identified_by = ("run_id", "batch", "attempt", "observation")

    jobs: list[str]
    outputs: list[str]
    """Output folders that may hold results, one per job that wrote any."""
    cause: str = ""
    """Why it did not succeed, one of the causes in `handlers.attempts.job_states`; else empty."""

    @property
    def observation(self) -> str:
        """Hash of jobs, outputs and cause: a job may be deleted between two observations."""
        return short_hash("\n".join([*self.jobs, "", *self.outputs, "", self.cause]))


class JobSucceeded(JobEnded, frozen=True, kw_only=True):
    """At least one job of the attempt succeeded, in whole or in part."""


class JobFailed(JobEnded, frozen=True, kw_only=True):
    """The jobs failed, expired or were deleted; their output is still read."""


class JobCancelled(JobEnded, frozen=True, kw_only=True):
    """The jobs were cancelled, or none was created."""


class ResultsProcessed(AttemptEvent, frozen=True, kw_only=True):
    """The attempt is closed. The counts are totals of the whole batch after it."""

    analysed: int
    failed: int
    released: int
    open: int
    outcome: str
    """`answered`, `unanswered`, `released` or `refused`: see
    `tracking/transactions/close_attempt.sql`."""
    cause: str
    """Why it was released or refused, or why its jobs broke off; empty otherwise."""
    not_before: datetime | None = None
    """When the next attempt begins, because the service did not answer; None: at once."""


class BatchOver(RunEvent, frozen=True, kw_only=True):
    """No further attempt at this batch will be made."""

    identified_by = ("run_id", "batch")

    batch: int
    attempts: int
    analysed: int
    failed: int
    released: int


class BatchCompleted(BatchOver, frozen=True, kw_only=True):
    """Every record of the batch is analysed or failed."""


class BatchAbandoned(BatchOver, frozen=True, kw_only=True):
    """Records of the batch were released: a later plan takes them."""

    cause: str


class RunStopped(RunEvent, frozen=True, kw_only=True):
    """The run creates no further job."""

    identified_by = ("run_id", "why")

    reason: str
    """`operator`, `breaker`, `budget`, `job_refused`, `outage` or `age`."""
    cause: str = ""
    """What the service said when it refused a job; empty otherwise."""

    @property
    def why(self) -> str:
        """Reason and cause, as one part of the event's id."""
        return f"{self.reason}-{self.cause}" if self.cause else self.reason


class RunCompleted(RunEvent, frozen=True, kw_only=True):
    """Every batch is over."""

    batches: int
    records: int
    analysed: int
    failed: int
    released: int


class ReportWritten(RunEvent, frozen=True, kw_only=True):
    """The summary of the run is stored in `run_reports`."""


class EventDeadLettered(Event, frozen=True, kw_only=True):
    """A message was dead-lettered; an operator can replay or discard it."""

    identified_by = ("letter_id", "cause")

    letter_id: str
    """Event id, handler and generation: see `events.ids.letter_id`."""
    handler: str
    cause: str
    batch: int = 0
    attempt: int = 0
