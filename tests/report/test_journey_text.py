"""What happened to one record."""

import json
from typing import Any

from infra.report import journey_lines
from tests.report.samples import at, error

RECORD = "ab" * 16


def fact(topic: str, attempt: int | None, seconds: float, **data: Any) -> dict[str, Any]:
    return {
        "fact_id": f"{topic}.{attempt}",
        "topic": topic,
        "attempt": attempt,
        "recorded_at": at(seconds),
        "data": json.dumps(data),
    }


def met(name: str, seconds: float, **changes: Any) -> dict[str, Any]:
    here = {"run_id": "r1", "batch": 1, "attempt": 1, "detail": None, "created_at": at(seconds)}
    return error(name) | here | changes


def stored() -> dict[str, Any]:
    return {
        "run_id": "r1", "batch": 1, "attempt": 2, "model": "gemini", "parse_method": "fence",
        "repair_grade": "mended", "prompt_tokens": 1812, "output_tokens": 222, "cost": 0.000326,
        "analysed_at": at(60),
    }  # fmt: skip


def journey(**changes: Any) -> dict[str, Any]:
    """Asked twice; the second answer was read, and a third attempt was about others."""
    plan = {"run_id": "r1", "batch": 1, "analysis": "call_review_v1", "line_bytes": 2345}
    facts = [
        fact("batch-planned", 1, 1),
        fact("job-submitted", 1, 3, job="jobs/7"),
        fact("batch-planned", 2, 31),
        fact("batch-planned", 3, 90),
        fact("batch-completed", None, 99),
    ]
    return {
        "record_id": RECORD,
        "source": {"rows_in_source": 1, "characters": 3456},
        "plans": [plan | {"planned_at": at(0)}],
        "errors": [met("json_parse_error", 30, retryable=True, detail="no object")],
        "rows": [stored()],
        "facts": [facts],
    } | changes


def test_a_journey_is_told_in_the_order_of_time() -> None:
    """Attempts after the one that settled the record are left out."""
    expected = [
        f"Record {RECORD}",
        "  The source holds it: 3,456 characters of transcript.",
        (
            "  2026-11-21 12:00:00 UTC  planned into batch 1 of run r1 for call_review_v1, a"
            " request of 2.3 kB"
        ),
        "  2026-11-21 12:00:01 UTC  attempt 1: an attempt at its batch began",
        "  2026-11-21 12:00:03 UTC  attempt 1: its job was submitted (job jobs/7)",
        (
            "  2026-11-21 12:00:30 UTC  attempt 1: error json_parse_error (no object), asked"
            " again: The answer is no JSON object that can be trusted; ask again."
        ),
        "  2026-11-21 12:00:31 UTC  attempt 2: an attempt at its batch began",
        (
            "  2026-11-21 12:01:00 UTC  attempt 2: stored as a row of run r1: code fence"
            " taken off (mended, nothing lost); gemini, 1,812 input and 222 output tokens,"
            " cost $0.00033"
        ),
        "  2026-11-21 12:01:39 UTC  its batch is complete",
        "  It is analysed: 1 row stored.",
    ]

    assert expected == journey_lines(journey())


def test_each_plan_may_carry_its_facts() -> None:
    """The lines are the same."""
    plan, facts = journey()["plans"][0], journey()["facts"][0]

    assert journey_lines(journey()) == journey_lines(
        journey(plans=[plan | {"facts": facts}], facts=[])
    )


def test_a_record_that_is_not_settled_is_open() -> None:
    """And the next place to look is named."""
    last = journey_lines(journey(rows=[]))[-1]

    assert last == "  It is open in run r1: `troupe status` says what that waits for."


def test_a_record_that_failed_for_good_says_how_it_comes_back() -> None:
    """Only when a reprocessing names it."""
    last = journey_lines(journey(rows=[], errors=[met("attempts_exhausted", 95)]))[-1]

    assert last == (
        "  It failed for good (attempts_exhausted);"
        " runs leave it out until a reprocessing names it."
    )


def test_a_skipped_record_says_why() -> None:
    """It has an error, and no plan."""
    skip = met("empty_transcript", 0, replan=True, batch=None, attempt=None)
    lines = journey_lines(journey(plans=[], facts=[], rows=[], errors=[skip]))

    assert "There is nothing to analyse; judged again by each plan." in lines[-2]
    assert lines[-1] == "  It was left to the next plan (empty_transcript)."


def test_a_record_that_no_run_took_waits_for_the_next() -> None:
    """Duplicates in the source are told."""
    source = {"rows_in_source": 2, "characters": 10}
    expected = [
        f"Record {RECORD}",
        "  The source holds it: 10 characters of transcript. 2 rows hold it; one is taken.",
        "  No run has taken it yet; the next run whose filters admit it does.",
    ]

    assert expected == journey_lines({"record_id": RECORD, "source": source})


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

    assert expected == journey_lines({"record_id": "zz"})


def test_an_unknown_cost_is_the_word() -> None:
    """Never nothing."""
    assert "cost unknown" in journey_lines(journey(rows=[stored() | {"cost": None}]))[-3]
