"""What moved beyond chance, in histories of nine weeks that are drawn at random."""

import random
from collections import Counter
from datetime import date
from typing import Any

import pytest

from handlers.summary.weekly_shares import DriftRules, WeeklyCount, WeeklyShares, weekly_shares
from tests.handlers.histories import COLUMNS, rows_of, shifted, stable

UNTIL = date(2026, 3, 1)
"""A Sunday."""


def compared(rows: list[WeeklyCount], **rules: Any) -> WeeklyShares:
    return weekly_shares(rows, "call_review_v1", UNTIL, DriftRules(**rules))


def moved(rows: list[WeeklyCount], **rules: Any) -> list[tuple[str, str | None]]:
    return [(share.column, share.value) for share in compared(rows, **rules).moved]


def weeks(shares: list[int], of: int = 1000) -> list[WeeklyCount]:
    """One column of two values by week, the newest last; shares in thousandths."""
    return [
        row
        for week, share in enumerate(reversed(shares))
        for row in rows_of("answer", "tone", week, Counter({"angry": share * of // 1000, "calm": of - share * of // 1000}))
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "histories"),
    [
        ({}, 40),
        ({"days": 0.2}, 30),
        ({"weeks": 0.1}, 30),
        ({"loyal": 0.3}, 20),
    ],
    ids=["chance", "uneven days", "uneven weeks", "loyal customers"],
)
def test_a_stable_history_raises_no_alarm(kind: dict[str, Any], histories: int) -> None:
    """At most 2 in a hundred here; `python -m tests.handlers.drift_figures` prints it for 1,600."""
    dice = random.Random(18)
    alarms = sum(1 for _ in range(histories) if moved(stable(dice, **kind)))

    assert alarms <= histories * 0.02 + 0.5


def test_uneven_weeks_would_raise_alarms_if_chance_alone_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The histories of the other test are hard: the scatter is what silences them."""
    monkeypatch.setattr("handlers.summary.weekly_shares.step_scatter", lambda weeks: None)
    dice = random.Random(18)

    assert 5 < sum(1 for _ in range(10) if moved(stable(dice, a_day=300, weeks=0.1)))


def test_a_share_that_was_shifted_is_named_with_both_shares_and_its_first_week() -> None:
    """Nothing else is; the shares and counts are those of the rows."""
    rows = shifted(stable(random.Random(3), a_day=150), "tone", "calm", "angry", 0.12, [0])
    found = compared(rows)

    assert {("tone", "angry"), ("tone", "calm")} == {(m.column, m.value) for m in found.moved}
    angry = next(share for share in found.moved if share.value == "angry")
    counts = {week: (r, of) for week, r, of in _of(rows, "tone", "angry")}
    assert angry.share_now == counts[0][0] / counts[0][1]
    assert angry.share_before == sum(counts[w][0] for w in range(1, 5)) / angry.records_before
    assert (counts[0][1], sum(counts[w][1] for w in range(1, 5))) == (
        angry.records_now, angry.records_before,
    )  # fmt: skip
    assert ("call_review_v1", "answer", None) == (angry.analysis, angry.kind, angry.attribute)
    assert date(2026, 2, 23) == angry.since
    assert date(2025, 12, 29) == angry.weeks[0].begins
    assert [counts[8], counts[0]] == [(w.records, w.of) for w in (angry.weeks[0], angry.weeks[-1])]
    assert 0 < angry.p_value < 0.01


def _of(rows: list[WeeklyCount], column: str, value: str) -> list[tuple[int, int, int]]:
    of = [row for row in rows if row.column_name == column]
    return [
        (week, sum(r.records for r in of if (r.week, r.value) == (week, value)),
         sum(r.records for r in of if r.week == week))
        for week in range(9)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("column", "away", "to"),
    [
        ("resolved", "true", None),
        ("grade", "exact", "partial"),
        ("error_type", None, "blocked"),
        ("column_3", None, "nulled"),
    ],
)
def test_missing_values_grades_errors_and_marks_are_looked_at(
    column: str, away: Any, to: Any
) -> None:
    """What is usual (no mark, exact, no error) is not named beside them."""
    rows = shifted(stable(random.Random(4), a_day=150), column, away, to, 0.06, [0])

    named = moved(rows)

    assert (column, to) in named
    assert {column} == {name for name, _ in named}
    assert column == "resolved" or (column, away) not in named


def test_a_shift_that_lasts_is_dated_to_its_first_week() -> None:
    """Three weeks ago; the weeks between differ from those before them too."""
    (share,) = compared(weeks([200] * 6 + [300] * 3)).moved

    assert date(2026, 2, 9) == share.since


def test_a_shift_that_went_back_is_dated_to_the_newest_week() -> None:
    """A week in between without a difference ends the search."""
    (share,) = compared(weeks([200] * 5 + [300, 200, 200, 300])).moved

    assert date(2026, 2, 23) == share.since


def test_a_small_shift_is_not_named_however_certain_it_is() -> None:
    """1.5 points of 100,000 records are beyond chance, and not worth a name."""
    rows = weeks([200] * 8 + [215], of=100_000)

    assert [] == moved(rows)
    assert [("tone", "angry")] == moved(rows, least_shift=0.01)


def test_too_few_records_are_said_and_not_compared() -> None:
    """On either side, or with one week before."""
    for rows in (
        weeks([200] * 8 + [900], of=99),
        weeks([200, 900], of=1000),
        weeks([900], of=1000),
        [row for row in weeks([200] * 8 + [900]) if row.week > 0],
    ):
        found = compared(rows)
        assert ([], [], 0) == (found.moved, found.compared, found.shares)
        assert 1 == len(found.too_few)
    assert WeeklyShares(shares=0, compared=[], too_few=[], moved=[]) == compared([])


def test_of_two_values_one_is_named() -> None:
    """The other share follows from it; of a truth it is the one that is true."""
    assert [("tone", "angry")] == moved(
        [row for row in weeks([200] * 8 + [400]) if row.value != "calm"]
        + [_as(row, None) for row in weeks([200] * 8 + [400]) if row.value == "calm"]
    )
    truths = {"angry": "true", "calm": "false"}
    rows = [_as(row, truths[str(row.value)]) for row in weeks([200] * 8 + [400])]
    assert [("tone", "true")] == moved(rows)


def _as(row: WeeklyCount, value: str | None) -> WeeklyCount:
    fields = {name: getattr(row, name) for name in row.__struct_fields__}
    return WeeklyCount(**{**fields, "value": value})


def test_a_value_that_was_never_there_before_is_named() -> None:
    """Its column had one value, so its scatter is unknown; that of the others counts."""
    rows = weeks([0] * 8 + [60])

    assert [("tone", "angry")] == moved(
        rows + [_as_column(row) for row in weeks([500] * 9)]
    )  # fmt: skip


def _as_column(row: WeeklyCount) -> WeeklyCount:
    fields = {name: getattr(row, name) for name in row.__struct_fields__}
    return WeeklyCount(**{**fields, "column_name": "other"})


def test_groups_are_compared_by_themselves_and_all_records_come_first() -> None:
    """A queue with few records is named as such; one that moved is named with its value."""
    rows = stable(random.Random(5), a_day=150)
    billing = [_in_queue(row, "billing") for row in rows]
    few = [_in_queue(row, "sales") for row in weeks([200] * 9, of=20)]
    found = compared(rows + shifted(billing, "tone", "calm", "angry", 0.1, [0]) + few)

    assert {("queue", "billing")} == {(m.attribute, m.attribute_value) for m in found.moved}
    assert [(None, None), ("queue", "billing")] == [
        (group.attribute, group.attribute_value) for group in found.compared
    ]
    assert [("queue", "sales", 20, 80)] == [
        (g.attribute, g.attribute_value, g.records_now, g.records_before) for g in found.too_few
    ]


def _in_queue(row: WeeklyCount, queue: str) -> WeeklyCount:
    fields = {name: getattr(row, name) for name in row.__struct_fields__}
    return WeeklyCount(**{**fields, "attribute": "queue", "attribute_value": queue})


def test_a_newest_period_of_several_weeks_is_compared_as_one() -> None:
    """Two weeks of 400 records each against the four weeks before them."""
    rows = weeks([200] * 7 + [300, 300], of=400)
    (share,) = compared(rows, newest=2).moved

    assert (800, 1600, 0.3, 0.2) == (
        share.records_now, share.records_before, share.share_now, share.share_before,
    )  # fmt: skip
    assert date(2026, 2, 16) == share.since


def test_every_kind_is_in_the_histories() -> None:
    """So that stability is shown for all of them."""
    assert {"answer", "mark", "grade", "error"} == {kind for kind, _, _ in COLUMNS}
