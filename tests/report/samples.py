"""Summaries, totals and statuses as the operations return them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from analysis import ERRORS
from handlers.summary.column_counts import (
    ColumnChart,
    ColumnCount,
    ColumnCounts,
    ColumnFlow,
    FlowCount,
    HiddenColumn,
)
from handlers.summary.costs import Money
from handlers.summary.run_summary import SKIPPED, ErrorCount, RunSummary
from troupe.operations.outcome import Outcome, outcome_of
from troupe.operations.reconciliation import Reconciliation
from troupe.operations.run_status import BatchStatus, RunDetails, Status
from troupe.operations.runs import RunStatus
from troupe.report.html.page import render_html
from troupe.report.text.summary import summary_lines

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
T = TypeVar("T")


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def _made(kind: type[T], fields: Mapping[str, Any]) -> T:
    """A Struct from plain values; unknown fields are a mistake of the sample."""
    known = getattr(kind, "__struct_fields__", ())
    assert fields.keys() <= set(known), fields.keys() - set(known)
    return msgspec.convert(msgspec.to_builtins(fields), kind, strict=False)


ENDINGS = {"analysed": 1878, "failed": 0, "released": 0, "open": 0, "cleared": 0}
TIMES: dict[str, Any] = {
    "requested_at": at(0),
    "planned_at": at(0),
    "completed_at": at(192),
    "batches_completed": 2,
    "batches_with_failures": 0,
    "batches_abandoned": 0,
    "jobs": 2,
    "events": 16,
}
TOTALS: dict[str, Any] = {
    "attempts": 2,
    "answered_by": "gemini-3.5-flash-lite-001",
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
}


def summary(**changes: Any) -> RunSummary:
    """A run of 1,878 records that went well. `endings`, `times` and `totals` change single fields."""
    for name, defaults in (("endings", ENDINGS), ("times", TIMES), ("totals", TOTALS)):
        changes[name] = defaults | changes.get(name, {})
    fields = {
        "run_id": "r1",
        "planned_on": "2026-11-21",
        "planned_at": at(0),
        "analysis": "call_review_v1",
        "prompt_fingerprint": "0b5e71ad2c94f386",
        "mode": "production",
        "model": "gemini-3.5-flash-lite",
        "dry_run": False,
        "batches": 2,
        "records": 1878,
        "would_batches": 2,
        "would_records": 1878,
        "source_rows": 2000,
        "skipped": {"outside_filter": 0, "duplicate": 0, "empty_transcript": 122},
        "metrics": {
            "batch_success_rate": 1.0,
            "batches_per_hour": 2674.6,
            "error_rate": 0.0,
            "deduplication_rate": 0.0,
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
        "readings": [reading("strict", "exact", 1870), reading("fence+controls", "mended", 8)],
        "column_counts": counts(
            values("intent", technical_support=1878),
            values("resolved", true=1431, false=447),
            flow=[("negative", "positive", 1000), ("neutral", "neutral", 878)],
        ),
    }
    return _made(RunSummary, fields | changes)


def empty_summary(**changes: Any) -> RunSummary:
    """A run over a source without rows."""
    return summary(
        source_rows=0, records=0, batches=0, would_records=0, would_batches=0, skipped={},
        endings=dict.fromkeys(ENDINGS, 0),
        times={"batches_completed": 0, "jobs": 0},
        totals=dict.fromkeys(TOTALS, 0)
        | {"cost": None, "wasted": None, "recovery_seconds": None, "answered_by": None},
        metrics=dict.fromkeys(msgspec.to_builtins(summary().metrics)),
        money=money(parts=[], saved=NOTHING_SAVED, analysis=NO_RUNS),
        grounding={"measured": 0, "mean": None, "least": None, "below_half": 0},
        expected_cost=[0.0, 0.0], expected_tokens={"input": [0, 0], "output": [0, 0]},
        errors=[], stages=[], readings=[], column_counts=counts(), **changes,
    )  # fmt: skip


NOTHING_SAVED = {"records": 0, "each": None, "by": None, "cost": 0.0}
NO_RUNS = {"runs": 0, "analysed": 0, "cost": None, "wasted": None, "each": None}


def reading(method: str, grade: str, records: int, without_tokens: int = 0) -> dict[str, Any]:
    return {
        "parse_method": method, "repair_grade": grade, "records": records,
        "without_tokens": without_tokens, "readers": "9d40c1e6b7a85f32",
    }  # fmt: skip


def part(name: str, tokens: int, price: float | None) -> dict[str, Any]:
    cost = None if price is None else tokens * price / 1e6
    return {"part": name, "expected_tokens": None, "tokens": tokens, "price": price, "cost": cost}


def money(**changes: Any) -> Money:
    """By a price of $0.15 for input, $0.02 from the cache and $1.25 for output."""
    parts = {
        "input": (764271, 0.15), "cached": (25192, 0.02), "output": (396992, 1.25),
        "thoughts": (0, 1.25),
    }  # fmt: skip
    fields = {
        "price": {
            "input": 0.15, "cached": 0.02, "output": 1.25, "as_of": "2026-10-14",
            "source": "a price page", "online": {"input": 0.3, "cached": 0.03, "output": 2.5},
        },
        "parts": [part(name, *each) for name, each in parts.items()],
        "online": 1.2225,
        "saved": {"records": 0, "each": 0.00033, "by": "run", "cost": 0.0},
        "analysis": {
            "runs": 2, "analysed": 3756, "cost": 1.22, "wasted": 0.0, "each": 0.000325,
        },
        "other_prompts": 0,
    }  # fmt: skip
    return _made(Money, fields | changes)


def unknown_price() -> RunSummary:
    """Tokens are known, and no amount is."""
    without = money(
        price=None, online=None,
        parts=[part(each.part, each.tokens, None) for each in money().parts],
        saved={"records": 4, "each": None, "by": None, "cost": None},
        analysis={"runs": 1, "analysed": 1878, "cost": None, "wasted": None, "each": None},
    )  # fmt: skip
    return summary(
        totals={"cost": None, "wasted": None, "repeated_cost": None},
        money=without, expected_cost=[None, None], errors=[],
    )  # fmt: skip


def totals(**changes: Any) -> Reconciliation:
    """Recounted totals that balance."""
    fields = {
        "run_id": "r1",
        "planned": 1878,
        **ENDINGS,
        "skipped": 122,
        "lost": 0,
        "missing_members": 0,
        "half_stored": 0,
        "doubled": 0,
        "paid_twice": 0,
        "two_bodies": 0,
        "closed_twice": 0,
        "completed": True,
        "ok": True,
    }
    return _made(Reconciliation, fields | changes)


def error(name: str, **changes: Any) -> ErrorCount:
    fields = {
        "error_type": name,
        "cause": None,
        "scope": "record",
        "retryable": False,
        "replan": False,
        "hint": None,
        "errors": 1,
        "records": 1,
    }
    return _made(ErrorCount, fields | changes)


def values(column: str, rows: Mapping[str, int] | None = None, **more: int) -> ColumnChart:
    """Rows counted by value, the most frequent first as the query returns them."""
    found = sorted({**(rows or {}), **more}.items(), key=lambda each: -each[1])
    return chart(column, "values", *((value, None, records) for value, records in found))


def chart(
    column: str,
    shows: Any,
    *rows: tuple[str | None, str | None, int],
    median: float | None = None,
    is_whole: bool = True,
) -> ColumnChart:
    """Rows of value, upper edge and records."""
    return ColumnChart(
        column=column,
        shows=shows,
        is_whole=is_whole,
        median=median,
        counts=[ColumnCount(value=value, below=below, records=n) for value, below, n in rows],
    )


def counts(
    *charts: ColumnChart,
    flow: list[tuple[str | None, str | None, int]] | None = None,
    left_out: Mapping[str, str] | None = None,
) -> ColumnCounts:
    """`flow` lists before, after and records; `left_out` the reason by column."""
    pairs = [FlowCount(before=before, after=after, records=n) for before, after, n in flow or ()]
    flows = [ColumnFlow(before="sentiment_incoming", after="sentiment_outgoing", counts=pairs)]
    hidden = [HiddenColumn(column=name, why=why) for name, why in (left_out or {}).items()]
    return ColumnCounts(charts=list(charts), flows=flows if pairs else [], left_out=hidden)


def one_row() -> RunSummary:
    """All of it is that row."""
    return summary(
        source_rows=1, records=1, skipped={}, endings={"analysed": 1}, errors=[],
        column_counts=counts(values("tone", calm=1), flow=[(None, None, 1)]),
        readings=[reading("strict", "exact", 1)],
    )  # fmt: skip


LEFT_OUT = (1_000_000, 4_321, 120_246, 5_000, 4_000, 500, 500)


def many_rows() -> RunSummary:
    """A hundred thousand rows with every kind of trouble."""
    moods = ("positive", "neutral", "mixed", "negative")
    return summary(
        source_rows=1_234_567, records=100_000, batches=1_000,
        endings={"analysed": 97_990, "failed": 1_500, "released": 500, "open": 10},
        skipped=dict(zip(SKIPPED, LEFT_OUT, strict=False)),
        exits=[
            {"ending": "failed", "error_type": "attempts_exhausted", "cause": name, "records": 250}
            for name in ("truncated", "schema_mismatch", "json_parse_error", "missing_response")
        ]
        + [{"ending": "released", "error_type": "breaker_tripped", "cause": None, "records": 500}],
        errors=[error(name, errors=9_000, records=8_000) for name in ERRORS],
        column_counts=counts(
            chart("product", "items", *(
                (f"product {n} " + "long " * 50, None, 100_000 - n) for n in range(5000)
            )),
            values("language", dict.fromkeys(("en", "de", "fr", "zh-Hant-TW", "und"), 20_000)),
            values("resolved", true=90_000, false=7_990),
            flow=[
                (before, after, int(12 ** (3 - abs(i - j))) + 1)
                for i, before in enumerate(moods) for j, after in enumerate(moods)
            ],
        ),
        metrics={
            "batch_success_rate": 0.97561, "batches_per_hour": 123_456.7, "error_rate": 0.015,
            "deduplication_rate": 0.91234, "recovery_seconds": 93_784.0,
        },
    )  # fmt: skip


def long_names() -> RunSummary:
    """Names without a blank, as long as the tables admit, in every place that takes one."""
    name = "Donaudampfschifffahrtsgesellschaftskapitän" * 5
    return summary(
        run_id="r" + "-very-long-run-name" * 2, analysis=name[:120], model=name,
        skipped={name: 12, "duplicate": 110},
        errors=[error(name, cause=name, hint=name + " " + name)],
        readings=[reading(name, name, 1878)],
        stages=[{"stage": name, "times": 123_456, "mean_seconds": 86_399, "most_seconds": 9e7}],
        exits=[{"ending": "failed", "error_type": name, "cause": name, "records": 4}],
        endings={"analysed": 1874, "failed": 4},
        column_counts=counts(
            chart("product", "items", (name, None, 1)), values(name, {name: 5}),
            values("language", {name: 1}),
            flow=[(name, "positive", 1000), ("mixed", name, 874)],
        ),
    )  # fmt: skip


def dry_run() -> RunSummary:
    """Nothing was frozen: the plan has what it would select."""
    return summary(
        dry_run=True, records=0, batches=0, endings={"analysed": 0}, errors=[], stages=[],
        readings=[], column_counts=counts(), totals={"attempts": 0, "cost": None},
        expected_cost=[0.0, 0.0],
    )  # fmt: skip


def own_counts(*, is_whole: bool = True) -> ColumnCounts:
    """Closed sets, truths, numbers, lists, and names of every length."""
    name = "Donaudampfschifffahrtsgesellschaftskapitaen" * 3
    scores = [(f"{n}", f"{n + 10}", 10 * n) for n in range(0, 100, 10) if n != 40]
    return counts(
        values("risk", none=1700, low=150, high=28),
        chart("identity_checked", "values",
              ("true", None, 1201), ("false", None, 600), (None, None, 77)),
        chart("score", "numbers", *scores, (None, None, 3), median=71.0, is_whole=is_whole),
        chart("share", "numbers", ("0.3", "0.32", 1000), ("0.34", "0.36", 878), median=0.31,
              is_whole=False),
        chart("findings", "lengths", ("0", "1", 1800), ("3", "4", 78), median=0.0,
              is_whole=is_whole),
        chart("labels", "items", *((f"label_{n}", None, 100 - n) for n in range(40))),
        values(name, {name: 1878}),
        chart("never_used", "numbers"),
        left_out={
            "verdict": "free text", name: "free text",
            "account": "whole numbers without a maximum",
        },
    )  # fmt: skip


def own_analysis(**changes: Any) -> RunSummary:
    """Checks on chats, an analysis of one's own."""
    return summary(**{"analysis": "compliance_check_v1", "column_counts": own_counts()} | changes)


def run(analysed: int = 500, **changes: Any) -> RunStatus:
    """A run of 1,000 records, half way."""
    fields = {
        "run_id": "r1",
        "planned_on": "2026-11-21",
        "planned_at": at(0),
        "analysis": "call_review_v1",
        "mode": "production",
        "model": "gemini-3.5-flash-lite",
        "dry_run": False,
        "batches": 4,
        "records": 1000,
        "analysed": analysed,
        "failed": 0,
        "released": 0,
        "cost": 0.25,
        "answered_by": None,
        "stopped_for": None,
        "completed_at": None,
    }
    return _made(RunStatus, fields | changes)


def batch(number: int, state: str, seconds: float | None = 5, **changes: Any) -> BatchStatus:
    """A batch of 250 records in its first attempt."""
    fields = {
        "batch": number, "records": 250, "attempt": 1, "analysed": 0, "failed": 0,
        "released": 0, "state": state, "seconds_in_state": seconds, "held_up": None,
        "job_state": None, "job_age_seconds": None,
    }  # fmt: skip
    return _made(BatchStatus, fields | changes)


def details(**changes: Any) -> RunDetails:
    """Of a run without batches and errors."""
    fields: dict[str, Any] = {
        "plan": {"source_rows": 0, "skipped": {}, "expected_cost": [None, None]},
        "batches": [],
        "safeguards": None,
        "waiting": [],
        "errors": [],
        "reconciliation": totals(planned=1000, analysed=500, open=500, completed=False),
    }
    return _made(RunDetails, fields | changes)


LIMITS = {"pending_hours": 72, "running_hours": 24, "republish_after_seconds": 600}


def status(*runs: RunStatus, **changes: Any) -> Status:
    """The status of these runs; `details` are those of the only one."""
    found = changes.get("details")
    errors = found.errors if found else []
    balanced = found.reconciliation.ok if found else True
    fields: dict[str, Any] = {
        "runs": list(runs),
        "outcomes": [outcome_of(each, errors, balanced=balanced) for each in runs],
        "details": None,
        "limits": LIMITS,
        "requests": [],
        "refusals": [],
        "system_errors": [],
        "dead_letters": [],
        "jobs": [],
    }
    return _made(Status, fields | changes)


def with_totals(found: RunSummary, **changes: Any) -> RunSummary:
    """The same summary with other totals."""
    return msgspec.structs.replace(found, totals=msgspec.structs.replace(found.totals, **changes))


def run_of(found: RunSummary, **changes: Any) -> RunStatus:
    """The run of a summary, as `status` lists it."""
    endings = found.endings
    fields = {
        "run_id": found.run_id, "analysis": found.analysis, "mode": found.mode,
        "model": found.model, "dry_run": found.dry_run, "batches": found.batches,
        "records": found.records, "failed": endings.failed, "released": endings.released,
        "cost": found.totals.cost, "answered_by": found.totals.answered_by,
        "completed_at": None if found.dry_run else found.times.completed_at,
    }  # fmt: skip
    return run(endings.analysed, **(fields | changes))


def outcome(found: RunSummary, recounted: Reconciliation | None = None, **changes: Any) -> Outcome:
    """The outcome of a summary; `changes` are those of its run."""
    balanced = recounted is None or recounted.ok
    return outcome_of(run_of(found, **changes), found.errors, balanced=balanced)


def page_of(found: RunSummary, recounted: Reconciliation | None = None, **changes: Any) -> str:
    """The page of a summary; `changes` are those of its run."""
    return render_html(found, outcome(found, recounted, **changes), recounted)


def lines_of(
    found: RunSummary, recounted: Reconciliation | None = None, **changes: Any
) -> list[str]:
    """The lines of a summary; `changes` are those of its run."""
    return summary_lines(found, outcome(found, recounted, **changes), recounted)
