"""The events of a run, in the order they happen. Ids, addresses and counts: never transcripts."""

from typing import ClassVar

import msgspec

from .ids import short_hash


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened in a run. Unknown fields of a newer version are ignored."""

    identified_by: ClassVar[tuple[str, ...]] = ("run_id",)
    """The fields that make two tellings of one event the same event."""

    run_id: str


class RunEvent(Event, frozen=True, kw_only=True):
    """An event of a planned run; `planned_on` lets every query prune its partitions."""

    planned_on: str
    """The day of the plan, as YYYY-MM-DD in UTC."""


class AttemptEvent(RunEvent, frozen=True, kw_only=True):
    """An event of one attempt at one batch; both count from 1."""

    identified_by: ClassVar[tuple[str, ...]] = ("run_id", "batch", "attempt")

    batch: int
    attempt: int


class RunPlanned(RunEvent, frozen=True, kw_only=True):
    """The membership of every batch is frozen."""

    analysis: str
    batches: int
    records: int
    dry_run: bool = False


class RunRefused(Event, frozen=True, kw_only=True):
    """A request was turned down; nothing else happened."""

    identified_by = ("run_id", "request_id")

    request_id: str
    """The event id of the request."""
    reason: str
    """`bad_input`, `run_id_taken`, `over_budget`, `unknown_price` or `unknown_analysis`."""
    detail: str
    """What is wrong with which field, and what to do; no personal data."""


class BatchPlanned(AttemptEvent, frozen=True, kw_only=True):
    """An attempt may begin: these records of the batch are open."""

    records: int


class JsonlUploaded(AttemptEvent, frozen=True, kw_only=True):
    """The requests of an attempt stand in the bucket."""

    uri: str
    generation: int
    lines: int
    bytes: int
    checksum: str


class JobSubmitted(AttemptEvent, frozen=True, kw_only=True):
    """Vertex accepted the job of one claim."""

    identified_by = ("run_id", "batch", "attempt", "claim")

    claim: int
    job: str


class JobEnded(AttemptEvent, frozen=True, kw_only=True):
    """Every job of the attempt has ended. The name of the event says how."""

    identified_by = ("run_id", "batch", "attempt", "sight")

    jobs: list[str]
    outputs: list[str]
    """The folders that may hold results, one for each job that wrote any."""
    cause: str = ""
    """Why it did not succeed, as a stable word: see `handlers.attempts.job_states`."""

    @property
    def sight(self) -> str:
        """What was seen of the jobs: a job may be deleted between two looks at it."""
        return short_hash("\n".join([*self.jobs, "", *self.outputs, "", self.cause]))


class JobSucceeded(JobEnded, frozen=True, kw_only=True):
    """At least one job of the attempt succeeded, in whole or in part."""


class JobFailed(JobEnded, frozen=True, kw_only=True):
    """The jobs failed, expired or were deleted; what they wrote is still read."""


class JobCancelled(JobEnded, frozen=True, kw_only=True):
    """The jobs were cancelled, or the attempt was never started."""


class ResultsProcessed(AttemptEvent, frozen=True, kw_only=True):
    """The attempt is closed; the counts are of the batch as a whole, after it."""

    analysed: int
    failed: int
    released: int
    open: int
    outcome: str
    """`answered`, `released` or `refused`: see `tracking/transactions/close_attempt.sql`."""
    cause: str
    """Why it was released or refused; empty otherwise."""


class BatchOver(RunEvent, frozen=True, kw_only=True):
    """No further attempt at this batch will be made."""

    identified_by = ("run_id", "batch")

    batch: int
    attempts: int
    analysed: int
    failed: int
    released: int


class BatchCompleted(BatchOver, frozen=True, kw_only=True):
    """Every record of the batch is analysed or has failed."""


class BatchAbandoned(BatchOver, frozen=True, kw_only=True):
    """Records of the batch were released; a later plan takes them."""

    cause: str


class RunStopped(RunEvent, frozen=True, kw_only=True):
    """No new job will be paid for in this run."""

    identified_by = ("run_id", "reason")

    reason: str
    """`operator`, `breaker`, `budget`, `job_refused` or `age`."""


class RunCompleted(RunEvent, frozen=True, kw_only=True):
    """Every batch is over."""

    batches: int
    records: int
    analysed: int
    failed: int
    released: int


class ReportWritten(RunEvent, frozen=True, kw_only=True):
    """The run's summary stands in `run_reports`."""


class EventDeadLettered(Event, frozen=True, kw_only=True):
    """A message lies among the dead letters; an operator can replay or discard it."""

    identified_by = ("letter_id", "handler", "cause")

    letter_id: str
    """The event id of the message, or its message id when it could not be read."""
    handler: str
    cause: str
    batch: int = 0
    attempt: int = 0
