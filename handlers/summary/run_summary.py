"""The figures of one run: its report when it is over, and its state before."""

from datetime import date, datetime
from typing import Literal

import msgspec

from analysis import Analysis
from handlers.runs.estimate import estimate
from handlers.runs.plans import analysis_of
from tracking import Plan, RedactionCount, Tracking
from tracking.statements import table_name

from .attribute_groups import AttributeGroup, attribute_groups
from .changed_fields import ChangedField, changed_fields
from .column_counts import ColumnCounts, column_counts
from .costs import UNPRICED, Money, RunTotals, money_of
from .weekly_shares import MovedShare

SKIPPED = (
    "no_identity",
    "duplicate",
    "conflicting_copies",
    "outside_filter",
    "held",
    "processed",
    "changed",
    "failed_before",
    "empty_transcript",
    "request_too_large",
    "below_floor",
    "beyond_limit",
)
"""Why a row of the source is not in the run, in the order in which a plan judges it."""


class Endings(msgspec.Struct, frozen=True, kw_only=True):
    """Planned records by how they ended; every planned record has exactly one ending."""

    analysed: int
    failed: int
    released: int
    open: int
    cleared: int

    @property
    def total(self) -> int:
        return self.analysed + self.failed + self.released + self.open + self.cleared


class RecountedTotals(Endings, frozen=True, kw_only=True):
    """A row of `queries/runs/verify_run.sql`: the totals, recounted from memberships, rows and errors."""

    run_id: str
    planned: int
    skipped: int
    missing_members: int
    half_stored: int
    doubled: int
    paid_twice: int
    two_bodies: int
    closed_twice: int
    completed: bool

    @property
    def endings(self) -> Endings:
        return msgspec.convert(self, Endings, from_attributes=True)


class ExitCount(msgspec.Struct, frozen=True, kw_only=True):
    """Planned records without a row, by the error that ended them."""

    ending: str
    error_type: str | None
    cause: str | None
    records: int


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """The five success metrics; None where the divisor is zero."""

    batch_success_rate: float | None
    batches_per_hour: float | None
    error_rate: float | None
    deduplication_rate: float | None
    recovery_seconds: float | None


class RunTimes(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/runs/run_times.sql`: when the run began and ended, and what it did until then."""

    requested_at: datetime | None
    planned_at: datetime | None
    completed_at: datetime | None
    batches_completed: int
    """Every record of them was analysed or has failed."""
    batches_with_failures: int
    """Completed ones with failed records: they count as no success."""
    batches_abandoned: int
    jobs: int
    events: int

    @property
    def batches_whole(self) -> int:
        """Every record of them has a row."""
        return self.batches_completed - self.batches_with_failures

    @property
    def batches_over(self) -> int:
        return self.batches_completed + self.batches_abandoned

    @property
    def hours(self) -> float | None:
        """Hours from the plan to the end of the run."""
        return _hours(self.planned_at, self.completed_at)


class TokenRange(msgspec.Struct, frozen=True, kw_only=True):
    """Expected tokens, from low to high."""

    input: tuple[int, int]
    output: tuple[int, int]


class ErrorCount(msgspec.Struct, frozen=True, kw_only=True):
    """Errors of one type and cause, of a run or a batch."""

    error_type: str
    cause: str | None
    scope: str | None
    retryable: bool | None
    replan: bool | None
    hint: str | None
    errors: int
    records: int


class StageTime(msgspec.Struct, frozen=True, kw_only=True):
    """How long one stage of an attempt took."""

    stage: str
    times: int
    mean_seconds: float
    most_seconds: float


class ReadingCount(msgspec.Struct, frozen=True, kw_only=True):
    """Stored rows by the way their answers were read."""

    parse_method: str | None
    repair_grade: str | None
    records: int
    without_tokens: int
    """Rows whose answer carried no token counts: their cost is unknown."""
    grade: str | None = None
    """exact, normalised or partial."""
    readers: str
    """Hashes of how the answers were read, joined by commas; an upgrade may bring a second one."""


class Grounding(msgspec.Struct, frozen=True, kw_only=True):
    """The share of the words of the summaries that occur in their transcripts."""

    measured: int
    mean: float | None
    least: float | None
    below_half: int


class RunRedaction(msgspec.Struct, frozen=True, kw_only=True):
    """How a run redacted its transcripts: its rules, and what they replaced; never a value."""

    redact: Literal["on", "off", "report"]
    rules: list[str]
    """Names of the rules, in their order."""
    counts: list[RedactionCount]
    """Empty unless `redact` is report."""


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """All figures of a run. Counts and names only: no transcript, no text of an answer."""

    run_id: str
    planned_on: date
    planned_at: datetime
    analysis: str
    prompt_fingerprint: str
    """Hash of what was asked."""
    mode: str
    model: str
    dry_run: bool
    batches: int
    records: int
    would_batches: int
    would_records: int
    source_rows: int
    skipped: dict[str, int]
    """Rows of the source that are not in the run, by the names in `SKIPPED`."""
    endings: Endings
    exits: list[ExitCount]
    metrics: Metrics
    times: RunTimes
    totals: RunTotals
    expected_cost: tuple[float | None, float | None]
    """US dollars, from low to high."""
    expected_tokens: TokenRange
    money: Money
    errors: list[ErrorCount]
    stages: list[StageTime]
    readings: list[ReadingCount]
    grounding: Grounding
    column_counts: ColumnCounts
    changed_fields: list[ChangedField] = []
    """Columns whose values did not fit the schema as they were written."""
    attribute_groups: list[AttributeGroup] = []
    """The records by the values of call attributes that the analysis shows."""
    redaction: RunRedaction | None = None
    """None for a run that reads stored answers: it sends nothing."""
    stop_reasons: list[str] = []
    """Why the run was stopped; empty for a run that was not."""
    moved: list[MovedShare] = []
    """Shares of the analysis that had moved when the stored report was written; else empty."""


def summarise(tracking: Tracking, plan: Plan) -> RunSummary:
    """Read the figures of a run from the tables."""
    analysis = analysis_of(plan)
    output = table_name(analysis.table)
    here = plan.key
    times = tracking.row("run_times", RunTimes, here)
    totals = tracking.row("run_totals", RunTotals, here)
    recounted = tracking.row("verify_run", RecountedTotals, here, output=output)
    asked = 0 if plan.of_run else plan.would_records
    model = plan.model if totals.is_priced else UNPRICED
    expected = estimate(asked, plan.would_bytes, model, analysis)
    return RunSummary(
        run_id=plan.run_id,
        planned_on=plan.planned_on,
        planned_at=plan.planned_at,
        analysis=plan.analysis,
        prompt_fingerprint=plan.prompt_fingerprint,
        mode=plan.mode,
        model=plan.model,
        dry_run=plan.dry_run,
        batches=plan.batches,
        records=plan.records,
        would_batches=plan.would_batches,
        would_records=plan.would_records,
        source_rows=plan.source_rows,
        skipped=skipped_rows(plan),
        endings=recounted.endings,
        exits=tracking.rows("records_without_row", ExitCount, here, output=output),
        metrics=metrics(plan, times, totals, recounted),
        times=times,
        totals=totals,
        expected_cost=(expected.low, expected.high),
        expected_tokens=TokenRange(input=expected.input_tokens, output=expected.output_tokens),
        money=money_of(tracking, plan, totals, recounted.analysed, expected),
        errors=tracking.rows("errors_of_run", ErrorCount, {"run_id": plan.run_id}),
        stages=tracking.rows("stage_seconds", StageTime, here),
        readings=tracking.rows("parse_methods", ReadingCount, here, output=output),
        grounding=tracking.row("grounding", Grounding, here, output=output),
        column_counts=column_counts(tracking, analysis, here),
        changed_fields=changed_fields(tracking, analysis, here),
        attribute_groups=attribute_groups(tracking, analysis, here),
        redaction=None if plan.of_run else _redaction(plan, analysis),
        stop_reasons=[row["reason"] for row in tracking.query("stop_reasons_of", here)],
    )


def _redaction(plan: Plan, analysis: Analysis) -> RunRedaction:
    return RunRedaction(
        redact=analysis.redaction.redact,
        rules=[rule.name for rule in analysis.redaction.rules],
        counts=list(plan.redactions),
    )


def skipped_rows(plan: Plan) -> dict[str, int]:
    """Rows of the source that the plan left out, by reason."""
    return {reason: getattr(plan, reason) for reason in SKIPPED}


def metrics(plan: Plan, times: RunTimes, totals: RunTotals, endings: Endings) -> Metrics:
    """Compute the five success metrics."""
    wanted = plan.records + plan.processed + plan.changed + plan.copies
    hours = times.hours
    return Metrics(
        batch_success_rate=_share(times.batches_whole, times.batches_over),
        batches_per_hour=times.batches_over / hours if hours else None,
        error_rate=_share(endings.failed, plan.records),
        deduplication_rate=_share(wanted - plan.records, wanted),
        recovery_seconds=totals.recovery_seconds,
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _hours(start: datetime | None, end: datetime | None) -> float | None:
    return (end - start).total_seconds() / 3600 if start and end else None
