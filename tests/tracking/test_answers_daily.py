"""The view answers_daily, and what the drift reads, from stored rows and errors."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from handlers.summary.drift import drift_of, moved_shares, newest_day
from handlers.summary.weekly_shares import DriftRules
from tests.analysis.own import analysis_of
from tests.tracking.answers import fail, history, noon, store
from tests.tracking.harness import ANALYSIS, OUTPUT, TrackingHarness
from tracking.answer_rows import daily_view
from troupe.deployment import answers_view

VIEW = Path(__file__).parents[2] / "tracking" / "views" / "answers_daily.sql"
SUNDAY = date(2026, 3, 1)
"""The day before the tests' today."""
NOW = noon(SUNDAY) + timedelta(hours=20)
WITH_QUEUE = replace(ANALYSIS, attributes={"queue": "text", "agent": "text"}, shown=("queue",))


def seen(harness: TrackingHarness, kind: str, sql: str | None = None, **wanted: Any) -> list[Any]:
    """Value, records, all records and amount of the rows of a kind, of all records unless wanted otherwise."""
    text = sql or answers_view.answers_view(ANALYSIS)
    rows = harness.warehouse.query(text.replace("{dataset}", ""), {})
    wanted = {"kind": kind, "attribute": None, "day": SUNDAY, **wanted}
    found = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
    return sorted(((row["value"], row["records"], row["of_records"]) for row in found), key=str)


def test_the_view_is_the_one_of_the_shipped_analysis() -> None:
    """Renew it with `make catalogue`."""
    assert answers_view.answers_view(ANALYSIS) == VIEW.read_text(encoding="utf-8")


def test_shares_of_closed_values_and_missing_ones_are_counted_by_day(
    harness: TrackingHarness,
) -> None:
    """Of the day of the call, not of its analysis."""
    days = [SUNDAY, SUNDAY, SUNDAY, SUNDAY - timedelta(days=3)]
    store(harness, ["calm", "angry", None, "calm"], at=[noon(d) for d in days], analysed_at=NOW)

    assert [("angry", 1, 3), ("calm", 1, 3), (None, 1, 3)] == seen(
        harness, "answer", column_name="call_tone"
    )
    assert [("calm", 1, 1)] == seen(harness, "answer", column_name="call_tone", day=days[3])


def test_a_call_without_a_possible_time_counts_on_the_day_of_its_analysis(
    harness: TrackingHarness,
) -> None:
    """Without a time, or with one after the analysis."""
    at: list[datetime | None] = [None, noon(SUNDAY) + timedelta(days=900)]
    store(harness, ["calm", "angry"], at=at, analysed_at=NOW)

    found = seen(harness, "answer", column_name="call_tone", day=NOW.date())
    assert [("angry", 1, 2), ("calm", 1, 2)] == found
    assert NOW.date() == newest_day(harness.tracking, ANALYSIS)


def test_marks_grades_and_sums_are_counted(harness: TrackingHarness) -> None:
    """A mean is the amount over the records whose figure is known."""
    at = [noon(SUNDAY)] * 2
    marks = [["call_tone"], []]
    store(harness, ["calm", None], at=at, analysed_at=NOW, normalised=marks, nulled=marks[::-1])

    tones = seen(harness, "mark", column_name="call_tone")
    assert [("normalised", 1, 2), ("nulled", 1, 2)] == tones
    assert [(None, 2, 2)] == seen(harness, "mark", column_name="products")
    assert [("exact", 2, 2)] == seen(harness, "grade")
    rows = harness.warehouse.query(VIEW.read_text("utf-8").replace("{dataset}", ""), {})
    sums = {
        row["column_name"]: (row["value"], row["records"], row["amount"])
        for row in rows
        if row["kind"] == "sum"
    }
    assert ("known", 2, 1.0) == sums["cost"]
    assert ("known", 2, 200) == sums["prompt_tokens"]
    assert ("known", 2, 1.6) == sums["grounding"]
    assert (None, 2, None) == sums["thoughts_tokens"]


def test_records_that_failed_are_counted_by_their_error(harness: TrackingHarness) -> None:
    """Not those that are tried again, released, or cleared."""
    store(harness, ["calm"], at=[noon(SUNDAY)], analysed_at=NOW)
    errors: list[tuple[str, str, dict[str, Any]]] = [
        ("a", "blocked", {}),
        ("b", "blocked", {"retryable": True}),
        ("c", "service_error", {"replan": True}),
        ("d", "blocked", {}),
        ("d", "cleared", {}),
        ("e", "truncated", {"retryable": True}),
        ("e", "truncated", {}),
    ]
    for record, kind, flags in errors:
        fail(harness, record, kind, at=noon(SUNDAY), failed_at=NOW, **flags)

    assert [("blocked", 1, 3), ("truncated", 1, 3), (None, 1, 3)] == seen(harness, "error")


def test_only_attributes_that_reports_may_show_are_in_the_view(harness: TrackingHarness) -> None:
    """By the values of `queue`, also for failures; `agent` is not shown, and its values are absent."""
    sql = answers_view.answers_view(WITH_QUEUE)
    who = [{"queue": "billing", "agent": "ann"}, {"agent": "bob"}]
    store(harness, ["calm", "angry"], at=[noon(SUNDAY)] * 2, analysed_at=NOW, attributes=who)
    fail(harness, "a", "blocked", at=noon(SUNDAY), failed_at=NOW, attributes=who[0])

    def of(queue: str | None) -> list[Any]:
        return seen(harness, "error", sql, attribute="queue", attribute_value=queue)

    assert [("blocked", 1, 2), (None, 1, 2)] == of("billing")
    assert [(None, 1, 1)] == of(None)
    assert "agent'" not in sql


def test_another_analysis_in_the_same_table_is_not_counted(harness: TrackingHarness) -> None:
    """Each analysis has its own part of the view."""
    store(harness, ["calm"], at=[noon(SUNDAY)], analysed_at=NOW)
    store(harness, ["angry"], at=[noon(SUNDAY)], analysed_at=NOW, analysis="call_review_v2")

    assert [("calm", 1, 1)] == seen(harness, "answer", column_name="call_tone")


def test_rows_that_were_analysed_long_ago_are_not_read(harness: TrackingHarness) -> None:
    """The view reads the partitions of 90 days."""
    long_ago = NOW - timedelta(days=95)
    store(harness, ["calm"], at=[long_ago], analysed_at=long_ago)

    assert [] == seen(harness, "answer", day=long_ago.date())
    assert newest_day(harness.tracking, ANALYSIS) is None
    assert [] == moved_shares(harness.tracking, ANALYSIS, until=None)


def test_columns_whose_values_may_name_a_person_are_not_counted() -> None:
    """Closed sets, truths and language tags are; text is not, even where reports may show it."""
    own = analysis_of(
        {
            "risk": {"type": "STRING", "enum": ["low", "high"]},
            "agreed": {"type": "BOOLEAN"},
            "language": {"type": "STRING", "pattern": "^[a-z]{2}$"},
            "code": {"type": "STRING", "pattern": "^[a-z]{2}$"},
            "shop": {"type": "STRING"},
            "score": {"type": "INTEGER", "maximum": 5},
            "tags": {"type": "ARRAY", "items": {"type": "STRING", "enum": ["a", "b"]}},
        },
        shown=["shop"],
    )

    assert ["risk", "agreed", "language"] == own.closed_columns


def test_a_view_of_an_invalid_analysis_is_refused() -> None:
    """Its name stands in the SQL as text."""
    with pytest.raises(ValueError, match="invalid analysis \"x' OR"):
        daily_view("x' OR 1 = 1 --", OUTPUT, [], [], [])


def test_a_share_that_is_shifted_in_the_seventh_week_is_named(harness: TrackingHarness) -> None:
    """And nothing else; a week earlier nothing is named."""
    history(harness, SUNDAY, [0.2] * 6 + [0.32])

    found = moved_shares(harness.tracking, ANALYSIS, until=None)

    angry = next(share for share in found if share.value == "angry")
    assert {"call_tone"} == {share.column for share in found}
    assert (280, 1120) == (angry.records_now, angry.records_before)
    assert angry.share_now > 0.28 > 0.24 > angry.share_before
    assert date(2026, 2, 23) == angry.since
    assert [280] * 7 == [week.of for week in angry.weeks]
    a_week_ago = SUNDAY - timedelta(days=7)
    assert [] == moved_shares(harness.tracking, ANALYSIS, until=a_week_ago)


def test_a_queue_that_moved_is_named_by_its_value(harness: TrackingHarness) -> None:
    """The other one did not move."""
    history(harness, SUNDAY, [0.2] * 6 + [0.4], queue="billing")
    history(harness, SUNDAY, [0.2] * 7, queue="sales", seed=3, a_day=300)

    found = moved_shares(harness.tracking, WITH_QUEUE, until=None, by="queue")

    queues = {share.attribute_value for share in found if share.attribute == "queue"}
    assert {"billing"} == queues


def test_the_values_of_an_attribute_with_the_most_records_are_read(
    harness: TrackingHarness,
) -> None:
    """Twelve of them; the others are neither compared nor named."""
    for number in range(14):
        history(harness, SUNDAY, [0.2] * 3, a_day=20 + number, queue=f"q{number:02}")

    found = drift_of(harness.tracking, WITH_QUEUE, SUNDAY, DriftRules(), "queue")

    values = [group.attribute_value for group in found.compared if group.attribute]
    assert [f"q{number:02}" for number in range(2, 14)] == sorted(map(str, values))


def test_what_is_read_ends_twice_the_weeks_before(harness: TrackingHarness) -> None:
    """Older calls cost nothing: their partitions are not read."""
    history(harness, SUNDAY, [0.2] * 11 + [0.35])

    found = moved_shares(harness.tracking, ANALYSIS, until=None)
    shorter = moved_shares(harness.tracking, ANALYSIS, until=None, weeks=2)

    assert {9} == {len(share.weeks) for share in found}
    assert {5} == {len(share.weeks) for share in shorter}
    assert {560} == {share.records_before for share in shorter}
