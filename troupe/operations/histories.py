"""The results of `explain`: the history of a record, a batch or a run."""

from datetime import date, datetime
from typing import Any

import msgspec

from handlers.summary.run_summary import ErrorCount

from .runs import BatchRow


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """The record in the source table."""

    rows_in_source: int
    characters: int
    """Of the longest transcript among them."""


class BatchLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits by which the records of a run were cut into batches."""

    canary: int
    rows_per_batch: int
    bytes_per_batch: int
    limit: int | None


class BatchMembers(msgspec.Struct, frozen=True, kw_only=True):
    """The records of a batch. They are cut in the order of their ids."""

    records: int
    bytes: int
    first_record: str | None
    last_record: str | None


class RecordedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it was recorded."""

    event_id: str
    topic: str
    recorded_at: datetime
    data: str
    """JSON."""
    attempt: int | None = None


class RequestLine(msgspec.Struct, frozen=True, kw_only=True):
    """The line of the record in the request file of an attempt."""

    attempt: int
    line: int | None
    """Counted from 1; None where the file holds no request for the record."""
    lines: int


class AttemptClosing(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt was closed. The counts of endings are those of the whole batch then."""

    batch: int
    attempt: int
    closed_at: datetime
    outcome: str
    cause: str | None
    jobs: list[str]
    outputs: list[str]
    """Folders of the answers."""
    asked: int
    """Requests sent."""
    lines: int
    """Answer lines read."""
    analysed: int
    failed: int
    released: int
    open: int
    prompt_tokens: int
    cached_tokens: int
    thoughts_tokens: int
    output_tokens: int
    cost: float | None
    wasted: float | None
    answered_by: str | None = None
    """Models that the answers name, joined by commas; `stand-in` marks simulated ones."""
    seconds: float | None


class DeliveryFault(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery whose outcome was not `done`."""

    topic: str
    handler: str
    outcome: str
    reason: str | None
    generation: int
    not_before: datetime | None
    delivery_attempt: int | None
    recorded_at: datetime
    batch: int | None
    attempt: int | None


class PlanOfRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One plan that selected the record."""

    run_id: str
    planned_on: date
    planned_at: datetime
    batch: int
    batches: int
    analysis: str
    mode: str
    model: str
    line_bytes: int | None
    """Size of the record's request line."""


class RecordPlan(PlanOfRecord, frozen=True, kw_only=True):
    """One plan that selected the record, and the history of its batch there."""

    attributes: dict[str, str | int | float | bool | None] = {}
    """The call attributes as they were frozen."""
    limits: BatchLimits | None
    """None: this version cannot read the analysis of the plan."""
    members: BatchMembers
    events: list[RecordedEvent]
    lines: list[RequestLine]
    closings: list[AttemptClosing]
    faults: list[DeliveryFault]


class RecordError(msgspec.Struct, frozen=True, kw_only=True):
    """An error of the record."""

    error_id: str
    error_type: str
    cause: str | None
    scope: str | None
    run_id: str | None
    batch: int | None
    attempt: int | None
    retryable: bool | None
    replan: bool | None
    hint: str | None
    detail: str | None
    created_at: datetime
    line: int | None
    """Of the answer in the output of its job."""


class StoredRow(msgspec.Struct, frozen=True, kw_only=True):
    """A stored row of the record, without the columns of the answer."""

    run_id: str
    batch: int
    attempt: int
    model: str
    analysis: str
    prompt_fingerprint: str
    reader_fingerprint: str
    parse_method: str | None
    repair_grade: str | None
    grade: str | None = None
    normalised_fields: list[str] = []
    """Columns whose value became its equivalent."""
    nulled_fields: list[str] = []
    """Columns that are null because their value did not fit, or was absent."""
    finish_reason: str | None
    prompt_tokens: int | None
    cached_tokens: int | None
    thoughts_tokens: int | None
    output_tokens: int | None
    cost: float | None
    analysed_at: datetime
    table: str


class NewestSelection(msgspec.Struct, frozen=True, kw_only=True):
    """How the request of the newest run would select a record that no run selected."""

    run_id: str
    planned_at: datetime
    selection: str | None
    """`pending`, a name in `SKIPPED`, or None where the source has no such record."""


class PlanSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The plan of a run: what it selected, what it left out and why."""

    planned_at: datetime
    mode: str
    model: str
    analysis: str
    prompt_fingerprint: str
    dry_run: bool
    batches: int
    records: int
    would_batches: int
    would_records: int
    source_rows: int
    skipped: dict[str, int]
    limits: BatchLimits | None
    """None: this version cannot read the analysis of the plan."""
    request: dict[str, Any]
    """The request as it was accepted; its fields depend on its kind."""


class BatchErrorCount(ErrorCount, frozen=True, kw_only=True):
    """Errors of one attempt of a batch, of one type and cause."""

    attempt: int | None


class ClaimRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A numbered claim on an attempt; its holder may create one job."""

    attempt: int
    claim: int
    state: str
    """`create` or `void`."""
    claimed_at: datetime


class RecordHistory(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="record"):
    """The history of one record."""

    record_id: str
    source: Source
    plans: list[RecordPlan]
    errors: list[RecordError]
    rows: list[StoredRow]
    left_out: NewestSelection | None
    """Of a record in the source that no run selected."""


class BatchHistory(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="batch"):
    """The history of one batch."""

    run_id: str
    batch: int
    plan: PlanSummary
    members: BatchMembers
    events: list[RecordedEvent]
    claims: list[ClaimRecord]
    closings: list[AttemptClosing]
    errors: list[BatchErrorCount]
    faults: list[DeliveryFault]


class RunHistory(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="run"):
    """The history of one run."""

    run_id: str
    plan: PlanSummary
    events: list[RecordedEvent]
    batches: list[BatchRow]
    closings: list[AttemptClosing]
    errors: list[ErrorCount]
    faults: list[DeliveryFault]
