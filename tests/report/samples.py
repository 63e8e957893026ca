"""Summaries, totals and statuses as the tables give them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from analysis import ERRORS
from handlers.summary.run_summary import SKIPPED

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
            "events": 16,
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
            "repeated_cost": 0.0,
            "reading_seconds": 0.1,
            "peak_megabytes": 150.2,
            "recovery_seconds": None,
        },
        "exits": [],
        "money": money(),
        "grounding": {"measured": 1878, "mean": 0.97, "least": 0.4, "below_half": 3},
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


def money(**changes: Any) -> dict[str, Any]:
    """By a price of $0.15 for input, $0.02 from the cache and $1.25 for output."""
    tokens = {"input": (764271, 0.15), "cached": (25192, 0.02), "output": (396992, 1.25)}
    return {
        "price": {
            "input": 0.15, "cached": 0.02, "output": 1.25, "as_of": "2026-10-14",
            "source": "a price page", "online": {"input": 0.3, "cached": 0.03, "output": 2.5},
        },
        "parts": [
            {"part": name, "tokens": many, "price": price, "cost": many * price / 1e6}
            for name, (many, price) in (tokens | {"thoughts": (0, 1.25)}).items()
        ],
        "online": 1.2225,
        "saved": {"records": 0, "each": 0.00033, "by": "run", "cost": 0.0},
        "analysis": {
            "runs": 2, "analysed": 3756, "cost": 1.22, "wasted": 0.0, "each": 0.000325,
        },
    } | changes  # fmt: skip


def unknown_price() -> dict[str, Any]:
    """Tokens are known, and no amount is."""
    nothing = {"cost": None, "wasted": None, "repeated_cost": None}
    told = money(
        price=None, online=None,
        parts=[{**row, "price": None, "cost": None} for row in money()["parts"]],
        saved={"records": 4, "each": None, "by": None, "cost": None},
        analysis={"runs": 1, "analysed": 1878, "cost": None, "wasted": None, "each": None},
    )  # fmt: skip
    return summary(
        totals=summary()["totals"] | nothing, money=told, expected_cost=[None, None], errors=[]
    )


def totals(**changes: Any) -> dict[str, Any]:
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


def one_row() -> dict[str, Any]:
    """All of it is that row."""
    books = {"analysed": 1, "failed": 0, "released": 0, "open": 0}
    return summary(
        source_rows=1, records=1, skipped={}, books=books, errors=[],
        insights=[insight("sentiment", None, 1), insight("tone", "calm", 1)],
        readings=[{"parse_method": "strict", "repair_grade": "exact", "records": 1}],
    )  # fmt: skip


LEFT_OUT = (1_000_000, 4_321, 120_246, 5_000, 4_000, 500, 500)


def many_rows() -> dict[str, Any]:
    """A hundred thousand rows with every kind of trouble."""
    moods = ("positive", "neutral", "mixed", "negative")
    books = {"analysed": 97_990, "failed": 1_500, "released": 500, "open": 10, "cleared": 0}
    return summary(
        source_rows=1_234_567, records=100_000, books=books, batches=205,
        skipped=dict(zip(SKIPPED, LEFT_OUT, strict=False)),
        exits=[
            {"ending": "failed", "error_type": "attempts_exhausted", "cause": name, "records": 250}
            for name in ("truncated", "schema_mismatch", "json_parse_error", "missing_response")
        ]
        + [{"ending": "released", "error_type": "breaker_tripped", "cause": None, "records": 500}],
        errors=[error(name, errors=9_000, records=8_000) for name in ERRORS],
        insights=[
            insight("sentiment", before, 12 ** (3 - abs(i - j)) + 1, after)
            for i, before in enumerate(moods) for j, after in enumerate(moods)
        ]
        + [insight("product", f"product {n} " + "long " * 50, 100_000 - n) for n in range(5000)]
        + [insight("language", code, 20_000) for code in ("en", "de", "fr", "zh-Hant-TW", "und")]
        + [insight("resolved", "true", 90_000), insight("resolved", "false", 7_990)],
        metrics={
            "batch_success_rate": 0.97561, "batches_per_hour": 123_456.7, "error_rate": 0.015,
            "deduplication_rate": 0.91234, "recovery_seconds": 93_784.0,
        },
    )  # fmt: skip


def long_names() -> dict[str, Any]:
    """Names without a blank, as long as the tables admit, in every place that takes one."""
    name = "Donaudampfschifffahrtsgesellschaftskapitän" * 5
    return summary(
        run_id="r" + "-very-long-run-name" * 2, analysis=name[:120], model=name,
        skipped={name: 12, "duplicate": 110},
        errors=[error(name, cause=name, hint=name + " " + name)],
        readings=[{"parse_method": name, "repair_grade": name, "records": 1878}],
        stages=[{"stage": name, "times": 123_456, "mean_seconds": 86_399, "most_seconds": 9e7}],
        exits=[{"ending": "failed", "error_type": name, "cause": name, "records": 4}],
        books={"analysed": 1874, "failed": 4, "released": 0, "open": 0},
        insights=[
            insight("sentiment", name, 1000, "positive"), insight("sentiment", "mixed", 874, name),
            insight("product", name, 1), insight(name, name, 5), insight("language", name, 1),
        ],
    )  # fmt: skip


def dry_run() -> dict[str, Any]:
    """Nothing was frozen: the plan says what it would take."""
    books = {"analysed": 0, "failed": 0, "released": 0, "open": 0}
    return summary(
        dry_run=True, records=0, batches=0, books=books, errors=[], stages=[], readings=[],
        insights=[], totals={"attempts": 0, "cost": None}, expected_cost=[0.0, 0.0],
    )  # fmt: skip


def own_analysis(**changes: Any) -> dict[str, Any]:
    """Checks on chats: closed sets, truths, numbers, lists, and names of every length."""
    name = "Donaudampfschifffahrtsgesellschaftskapitaen" * 3
    shown = {
        "risk": "values",
        "identity_checked": "values",
        "score": "numbers",
        "share": "numbers",
        "findings": "lengths",
        "labels": "items",
        name: "values",
        "nobody_said": "numbers",
    }
    medians = {"score": 71.0, "share": 0.31, "findings": 0.0}
    charts = [
        {
            "column": column,
            "shows": shows,
            "is_whole": column != "share",
            "median": medians.get(column),
        }
        for column, shows in shown.items()
    ]
    left_out = [
        {"column": "verdict", "why": "free text"},
        {"column": name, "why": "free text"},
        {"column": "account", "why": "whole numbers without a maximum"},
    ]
    return summary(
        analysis="compliance_check_v1",
        column_counts={"charts": charts, "left_out": left_out},
        insights=[
            insight("risk", "none", 1700), insight("risk", "low", 150), insight("risk", "high", 28),
            insight("identity_checked", "true", 1201), insight("identity_checked", "false", 600),
            insight("identity_checked", None, 77),
            *(insight("score", f"{n}", 10 * n, f"{n + 10}") for n in range(0, 100, 10) if n != 40),
            insight("score", None, 3),
            insight("share", "0.3", 1000, "0.32"), insight("share", "0.34", 878, "0.36"),
            insight("findings", "0", 1800, "1"), insight("findings", "3", 78, "4"),
            *(insight("labels", f"label_{n}", 100 - n) for n in range(40)),
            insight(name, name, 1878),
        ],
    ) | changes  # fmt: skip


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
