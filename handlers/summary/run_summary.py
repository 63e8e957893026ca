"""The run in figures: what people read when it is over, and while it goes on."""

from datetime import datetime
from typing import Any

from analysis import Analyses, Analysis
from handlers.runs.estimate import estimate
from tracking import Plan, Row, Tracking
from tracking.statements import table_name

from .column_counts import column_counts
from .costs import money_of

Summary = dict[str, Any]

SKIPPED = (
    "outside_filter",
    "duplicate",
    "processed",
    "changed",
    "failed_before",
    "held",
    "empty_transcript",
    "request_too_large",
    "below_floor",
    "beyond_limit",
)
"""Why a row of the source is not in the run."""
BOOKS = ("analysed", "failed", "released", "open", "cleared")
"""How a planned record can stand."""


def summarise(tracking: Tracking, plan: Plan, analyses: Analyses) -> Summary:
    """Plain values only, ready for JSON but for dates. No transcripts, no answers' texts."""
    analysis = analyses.load(plan.analysis)
    output = table_name(analysis.table)
    here = {"run_id": plan.run_id, "planned_on": plan.planned_on}
    times = tracking.query("run_times", here)[0]
    totals = tracking.query("run_totals", here)[0]
    books = tracking.query("verify_run", here, output=output)[0]
    expected = estimate(plan.would_records, plan.would_bytes, plan.model, analysis)
    return {
        "run_id": plan.run_id,
        "planned_on": plan.planned_on,
        "planned_at": plan.planned_at,
        "analysis": plan.analysis,
        "mode": plan.mode,
        "model": plan.model,
        "dry_run": plan.dry_run,
        "batches": plan.batches,
        "records": plan.records,
        "would_batches": plan.would_batches,
        "would_records": plan.would_records,
        "source_rows": plan.source_rows,
        "skipped": {reason: getattr(plan, reason) for reason in SKIPPED},
        "books": {name: books[name] for name in BOOKS},
        "exits": tracking.query("records_without_row", here, output=output),
        "metrics": metrics(plan, times, totals, books),
        "times": times,
        "totals": totals,
        "expected_cost": [expected.low, expected.high],
        "expected_tokens": {"input": expected.input_tokens, "output": expected.output_tokens},
        "money": money_of(tracking, plan, totals, books["analysed"], expected),
        "errors": tracking.query("errors_of_run", {"run_id": plan.run_id}),
        "stages": tracking.query("stage_seconds", here),
        "readings": tracking.query("parse_methods", here, output=output),
        "grounding": tracking.query("grounding", here, output=output)[0],
        **_insights(tracking, analysis, here),
    }


_COUNTED = frozenset(
    {
        "call_sentiment_incoming", "call_sentiment_outgoing", "call_tone", "language_code",
        "reason_for_call_intent", "agent_response_resolved", "products",
    }
)  # fmt: skip
"""The columns that `insights` counts; of an analysis of another kind `glance` finds its own."""


def _insights(tracking: Tracking, analysis: Analysis, here: Row) -> Row:
    if not analysis.columns.keys() >= _COUNTED:
        rows, about = column_counts(tracking, analysis, here)
        return {"insights": rows, "column_counts": about}
    rows = tracking.query("insights", here, output=table_name(analysis.table))
    return {"insights": rows, "column_counts": None}


def metrics(plan: Plan, times: Row, totals: Row, books: Row) -> dict[str, float | None]:
    """The five success metrics; None where there is nothing to divide by."""
    over = times["batches_completed"] + times["batches_abandoned"]
    asked_for = plan.records + plan.processed + plan.changed + plan.duplicate
    hours = _hours(times["planned_at"], times["completed_at"])
    return {
        "batch_success_rate": _share(times["batches_completed"], over),
        "batches_per_hour": over / hours if hours else None,
        "error_rate": _share(books["failed"], plan.records),
        "deduplication_rate": _share(asked_for - plan.records, asked_for),
        "recovery_seconds": totals["recovery_seconds"],
    }


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _hours(start: datetime | None, end: datetime | None) -> float | None:
    return (end - start).total_seconds() / 3600 if start and end else None
