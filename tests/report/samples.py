"""Summaries, verdicts and statuses as the tables give them."""

from datetime import UTC, datetime, timedelta
from typing import Any

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def summary(**changes: Any) -> dict[str, Any]:
    """A run of 1,878 records that went well."""
    return {
        "run_id": "r1",
        "planned_on": "2026-11-21",
        "planned_at": at(0),
        "analysis": "call_review_v1",
        "mode": "production",
        "model": "gemini-3.5-flash-lite",
        "dry_run": False,
        "batches": 2,
        "records": 1878,
        "would_batches": 2,
        "would_records": 1878,
        "source_rows": 2000,
        "skipped": {"outside_filter": 0, "duplicate": 0, "empty_transcript": 122},
        "books": {"analysed": 1878, "failed": 0, "released": 0, "open": 0},
        "metrics": {
            "batch_success_rate": 1.0,
            "batches_per_hour": 2674.6,
            "error_rate": 0.0,
            "deduplication_rate": 0.0,
            "recovery_seconds": None,
        },
        "times": {
            "requested_at": at(0),
            "planned_at": at(0),
            "completed_at": at(192),
            "batches_completed": 2,
            "batches_abandoned": 0,
            "jobs": 2,
            "facts": 16,
        },
        "totals": {
            "attempts": 2,
            "repeated_attempts": 0,
            "asked": 1878,
            "lines": 1878,
            "prompt_tokens": 789463,
            "cached_tokens": 25192,
            "thoughts_tokens": 0,
            "output_tokens": 396992,
            "cost": 0.6116,
            "wasted": 0.0,
            "reading_seconds": 0.1,
            "peak_megabytes": 150.2,
            "recovery_seconds": None,
        },
        "expected_cost": [0.5236446, 1.41400575],
        "expected_tokens": {"input": [1612964, 2853705], "output": [225360, 788760]},
        "errors": [error("empty_transcript", replan=True, errors=122, records=122)],
        "stages": [
            {"stage": "job-ended", "times": 2, "mean_seconds": 4.2, "most_seconds": 11520.0},
            {"stage": "jsonl-uploaded", "times": 2, "mean_seconds": 0.05, "most_seconds": 0.06},
        ],
        "readings": [
            {"parse_method": "strict", "repair_grade": "exact", "records": 1870},
            {"parse_method": "fence+controls", "repair_grade": "mended", "records": 8},
        ],
        "insights": [
            insight("sentiment", "negative", 1000, "positive"),
            insight("sentiment", "neutral", 878, "neutral"),
            insight("intent", "technical_support", 1878),
            insight("resolved", "true", 1431),
            insight("resolved", "false", 447),
        ],
    } | changes


def verdict(**changes: Any) -> dict[str, Any]:
    return {
        "planned": 1878,
        "analysed": 1878,
        "failed": 0,
        "released": 0,
        "open": 0,
        "skipped": 122,
        "missing_members": 0,
        "half_stored": 0,
        "doubled": 0,
        "paid_twice": 0,
        "two_bodies": 0,
        "closed_twice": 0,
        "completed": True,
    } | changes


def error(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "error_type": name,
        "cause": None,
        "scope": "record",
        "retryable": False,
        "replan": False,
        "hint": None,
        "errors": 1,
        "records": 1,
    } | changes


def insight(
    kind: str, value: str | None, records: int, detail: str | None = None
) -> dict[str, Any]:
    return {"kind": kind, "value": value, "detail": detail, "records": records}


def dry_run() -> dict[str, Any]:
    """Nothing was frozen: the plan says what it would take."""
    books = {"analysed": 0, "failed": 0, "released": 0, "open": 0}
    return summary(
        dry_run=True, records=0, batches=0, books=books, errors=[], stages=[], readings=[],
        insights=[], totals={"attempts": 0, "cost": None}, expected_cost=[0.0, 0.0],
    )  # fmt: skip


def run(**changes: Any) -> dict[str, Any]:
    """A row of the runs, half way."""
    return {
        "run_id": "r1",
        "planned_on": "2026-11-21",
        "planned_at": at(0),
        "analysis": "call_review_v1",
        "mode": "production",
        "model": "gemini-3.5-flash-lite",
        "dry_run": False,
        "batches": 4,
        "records": 1000,
        "analysed": 500,
        "failed": 0,
        "released": 0,
        "cost": 0.25,
        "stopped_for": None,
        "completed_at": None,
    } | changes


def batch(number: int, state: str, seconds: float | None = 5) -> dict[str, Any]:
    return {
        "batch": number, "records": 250, "attempt": 1, "analysed": 0, "failed": 0,
        "released": 0, "state": state, "seconds_in_state": seconds,
    }  # fmt: skip
