"""The history of one record as lines."""

import json
from typing import Any

import msgspec
import pytest

from tests.report.samples import at
from troupe.operations.histories import BatchLimits, BatchMembers, RecordHistory
from troupe.report import timeline
from troupe.report.text.history import history_lines

RECORD = "ab" * 16
MEMBERS = {"records": 40, "bytes": 90_000, "first_record": RECORD, "last_record": RECORD}
LIMITS = {"canary": 40, "rows_per_batch": 120, "bytes_per_batch": 700_000_000, "limit": None}
CLOSING: dict[str, Any] = {
    "batch": 1, "attempt": 1, "closed_at": at(30), "outcome": "answered", "cause": None,
    "jobs": ["jobs/7"], "outputs": ["gs://b/output/1"], "asked": 40, "lines": 40, "analysed": 36,
    "failed": 0, "released": 0, "open": 4, "prompt_tokens": 1, "cached_tokens": 0,
    "thoughts_tokens": 0, "output_tokens": 1, "cost": 0.1, "wasted": 0.0, "seconds": 0.1,
}  # fmt: skip


def event(topic: str, attempt: int | None, seconds: float, **data: Any) -> dict[str, Any]:
    return {
        "event_id": f"{topic}.{attempt}",
        "topic": topic,
        "attempt": attempt,
        "recorded_at": at(seconds),
        "data": json.dumps(data),
    }


def met(name: str, seconds: float, **changes: Any) -> dict[str, Any]:
    return {
        "error_id": name, "error_type": name, "cause": None, "scope": "record", "hint": None,
        "retryable": False, "replan": False, "run_id": "r1", "batch": 1, "attempt": 1,
        "detail": None, "created_at": at(seconds), "line": None,
    } | changes  # fmt: skip


def stored() -> dict[str, Any]:
    return {
        "run_id": "r1", "batch": 1, "attempt": 2, "model": "gemini", "parse_method": "fence",
        "repair_grade": "mended", "table": "analysed", "analysis": "call_review_v1",
        "prompt_fingerprint": "0b5e71ad2c94f386", "reader_fingerprint": "9d40c1e6b7a85f32",
        "finish_reason": "STOP", "cached_tokens": 0, "thoughts_tokens": 0,
        "prompt_tokens": 1812, "output_tokens": 222, "cost": 0.000326,
        "analysed_at": at(60),
    }  # fmt: skip


def history(**changes: Any) -> RecordHistory:
    """Two attempts; the second answer was read, and a third attempt was about others."""
    plan = {
        "run_id": "r1", "batch": 1, "batches": 7, "analysis": "call_review_v1", "line_bytes": 2345,
        "mode": "production", "planned_at": at(0), "planned_on": "2026-11-21", "model": "gemini", "members": MEMBERS,
        "limits": LIMITS,
        "lines": [{"attempt": 1, "line": 12, "lines": 40}, {"attempt": 2, "line": 1, "lines": 4}],
        "closings": [CLOSING],
        "faults": [
            {"topic": "job-submitted", "handler": "watch-jobs", "outcome": "dead_lettered",
             "reason": "shard_missing", "generation": 0, "not_before": None, "recorded_at": at(20), "batch": 1, "attempt": 1,
             "delivery_attempt": 5},
        ],
    }  # fmt: skip
    events = [
        event("batch-planned", 1, 1),
        event("jsonl-uploaded", 1, 2, uri="gs://b/requests/1.jsonl"),
        event("job-submitted", 1, 3, job="jobs/7"),
        event("results-processed", 1, 30),
        event("batch-planned", 2, 31),
        event("batch-planned", 3, 90),
        event("batch-completed", None, 99),
    ]
    fields = {
        "kind": "record",
        "left_out": None,
        "record_id": RECORD,
        "source": {"rows_in_source": 1, "characters": 3456},
        "plans": [plan | {"events": events}],
        "errors": [met("json_parse_error", 30, retryable=True, detail="no object", line=20)],
        "rows": [stored()],
    }
    return msgspec.convert(fields | changes, RecordHistory)


def new_record(**changes: Any) -> RecordHistory:
    """A record that no run has selected."""
    return history(**{"plans": [], "errors": [], "rows": []} | changes)


def test_a_history_is_in_the_order_of_time() -> None:
    """Attempts after the one that settled the record are left out."""
    expected = [
        f"Record {RECORD}",
        "  The source holds it: 3,456 characters of transcript.",
        (
            "  2026-11-21 12:00:00 UTC  planned into batch 1 of 7 of run r1 for call_review_v1, a"
            " request of 2.3 kB"
        ),
        (
            "  2026-11-21 12:00:00 UTC  why there: records are cut into batches in the order of"
            " their ids; batch 1 is the canary, and runs before all others"
        ),
        "  2026-11-21 12:00:01 UTC  attempt 1: begun",
        (
            "  2026-11-21 12:00:02 UTC  attempt 1: request file written (file"
            " gs://b/requests/1.jsonl, line 12 of 40)"
        ),
        "  2026-11-21 12:00:03 UTC  attempt 1: job submitted (job jobs/7)",
        (
            "  2026-11-21 12:00:20 UTC  batch 1, attempt 1: job-submitted for watch-jobs was"
            " dead-lettered: shard_missing"
        ),
        (
            "  2026-11-21 12:00:30 UTC  attempt 1: error json_parse_error (line 20 of the answers,"
            " no object), asked again: The answer is not a JSON object that can be read safely. It is asked again."
        ),
        (
            "  2026-11-21 12:00:30 UTC  attempt 1: answers read, and the attempt closed (from"
            " gs://b/output/1)"
        ),
        "  2026-11-21 12:00:31 UTC  attempt 2: begun",
        (
            "  2026-11-21 12:01:00 UTC  attempt 2: stored as a row of run r1 in analysed: code"
            " fence removed (mended, nothing lost); call_review_v1 (prompt 0b5e71ad2c94f386),"
            " reader 9d40c1e6b7a85f32; gemini, 1,812 input and 222 output tokens, cost $0.00033"
        ),
        "  2026-11-21 12:01:39 UTC  batch complete",
        "  1 answer gave no row; their cost is in the waste of the batch.",
        "  It is analysed: 1 row stored.",
    ]

    assert expected == history_lines(history())


def test_a_record_that_is_not_settled_is_open() -> None:
    """And the next place to look is named."""
    last = history_lines(history(rows=[]))[-1]

    assert last == "  It is open in run r1: `troupe status r1` shows what that waits for."


def test_a_record_that_failed_for_good_names_the_reprocessing() -> None:
    """Only when a reprocessing names it."""
    last = history_lines(history(rows=[], errors=[met("attempts_exhausted", 95)]))[-1]

    assert last == (
        "  It failed for good (attempts_exhausted);"
        " runs leave it out until a reprocessing names it."
    )


def test_a_skipped_record_has_a_reason() -> None:
    """It has an error, and no plan."""
    skip = met("empty_transcript", 0, replan=True, batch=None, attempt=None)
    lines = history_lines(history(plans=[], rows=[], errors=[skip]))

    assert "The transcript is empty. The next run takes it." in lines[-2]
    assert lines[-1] == "  It was left to the next plan (empty_transcript)."


def test_a_record_that_no_run_selected_waits_for_the_next() -> None:
    """Duplicates in the source are counted."""
    source = {"rows_in_source": 2, "characters": 10}
    expected = [
        f"Record {RECORD}",
        "  The source holds it: 10 characters of transcript. 2 rows hold it; one is selected.",
        "  No run has selected it yet; the next run whose filters admit it does.",
    ]

    assert expected == history_lines(new_record(source=source))


def test_an_unknown_record_is_called_unknown() -> None:
    """With what an id looks like."""
    expected = [
        "Record zz",
        "  The source does not hold it.",
        (
            "  It is unknown: neither the source nor any run holds it."
            " A record id has 32 hexadecimal digits."
        ),
    ]

    source = {"rows_in_source": 0, "characters": 0}

    assert expected == history_lines(new_record(record_id="zz", source=source))


@pytest.mark.parametrize(
    ("left_out", "expected"),
    [
        ({"selection": "outside_filter"}, "leaves it out: outside the filters of the request."),
        ({"selection": "held"}, "leaves it out: held by another run that is not over."),
        ({"selection": "pending"}, "would admit it: it came after the plan, or is beyond"),
    ],
)
def test_a_record_that_the_newest_run_left_out_has_a_reason(left_out: Any, expected: str) -> None:
    """As its request judges the record now."""
    source = {"rows_in_source": 1, "characters": 10}
    newest = {"run_id": "r9", "planned_at": at(0), **left_out}

    assert expected in history_lines(new_record(source=source, left_out=newest))[-1]


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"records": 120, "bytes": 9}, "this one was full at 120 rows"),
        ({"records": 7, "bytes": 700_000_100}, "this one was full at 700.0 MB"),
        ({"records": 7, "bytes": 9}, "this one holds the rest"),
    ],
)
def test_a_batch_was_cut_for_a_reason(members: dict[str, int], why: str) -> None:
    """By rows, by bytes, or because nothing was left."""
    limits = msgspec.convert(LIMITS, BatchLimits)
    of_batch = msgspec.convert(MEMBERS | members, BatchMembers)

    assert timeline.why_in_batch(2, of_batch, limits).endswith(why)
    assert "that the reprocessing named" in timeline.why_in_batch(2, of_batch, limits, "reprocess")


def test_an_unknown_cost_is_the_word() -> None:
    """Never nothing."""
    text = "\n".join(history_lines(history(rows=[stored() | {"cost": None}])))

    assert "cost unknown" in text
    assert "$" not in text
