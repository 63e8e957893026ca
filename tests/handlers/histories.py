"""Random histories of weekly counts, for tests of what moved."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence

from handlers.summary.weekly_shares import Kind, WeeklyCount

Column = tuple[Kind, str, dict[str | None, float]]
"""Kind, name, and the weight of each value."""

_MARKS: list[Column] = [
    ("mark", f"column_{n}", {None: 96, "normalised": 3, "nulled": 1}) for n in range(8)
]
COLUMNS: list[Column] = [
    ("answer", "tone", {"calm": 4, "friendly": 3, "angry": 2, "anxious": 0.5, None: 0.5}),
    ("answer", "intent", {"billing": 3, "change": 2, "delivery": 2, "complaint": 1, "other": 2}),
    ("answer", "sentiment", {"positive": 3, "neutral": 4, "negative": 2, "mixed": 1}),
    ("answer", "resolved", {"true": 6, "false": 3, None: 1}),
    ("answer", "language", {"en": 70, "de": 20, "fr": 6, "it": 3, "es": 1}),
    ("grade", "grade", {"exact": 80, "normalised": 15, "partial": 5}),
    ("error", "error_type", {None: 97, "blocked": 2, "truncated": 1}),
    *_MARKS,
]  # fmt: skip


def stable(
    dice: random.Random,
    *,
    a_day: int = 60,
    days: float = 0.0,
    weeks: float = 0.0,
    loyal: float = 0.0,
) -> list[WeeklyCount]:
    """Draw nine weeks of calls from one distribution, with more scatter than by chance.

    `days` and `weeks` are standard deviations by which the logarithm of each weight swings from day
    to day and week to week. With `loyal`, that share of the calls repeats the value of the call
    before, as of one customer.
    """
    rows: list[WeeklyCount] = []
    for kind, column, weights in COLUMNS:
        for week in range(9):
            swing = {value: dice.gauss(0, weeks) for value in weights}
            counts = Counter[str | None]()
            for day in range(7):
                size = round(a_day * (0.4 if day > 4 else 1.0) * dice.uniform(0.9, 1.1))
                drawn = _drawn(weights, swing, days, size, dice)
                for at in range(1, size):
                    if loyal and dice.random() < loyal:
                        drawn[at] = drawn[at - 1]
                counts.update(drawn)
            rows += rows_of(kind, column, week, counts)
    return rows


def _drawn(
    weights: dict[str | None, float], swing: dict[str | None, float], days: float, size: int,
    dice: random.Random,
) -> list[str | None]:  # fmt: skip
    values = list(weights)
    swung = [weights[v] * 2.718281828 ** (swing[v] + dice.gauss(0, days)) for v in values]
    return dice.choices(values, swung, k=size)


def rows_of(
    kind: Kind,
    column: str,
    week: int,
    counts: Counter[str | None],
    group: tuple[str, str] | None = None,
) -> Iterator[WeeklyCount]:
    for value, records in counts.items():
        yield WeeklyCount(
            attribute=group[0] if group else None, attribute_value=group[1] if group else None,
            kind=kind, column_name=column, value=value, week=week, records=records,
        )  # fmt: skip


def shifted(
    rows: Sequence[WeeklyCount], column: str, away: str, to: str, share: float, weeks: Sequence[int]
) -> list[WeeklyCount]:
    """Move this share of the records of some weeks from one value of a column to another."""
    totals = Counter(
        {week: sum(r.records for r in rows if (r.week, r.column_name) == (week, column)) for week in weeks}
    )  # fmt: skip
    moved = []
    for row in rows:
        by = 0
        if row.column_name == column and row.week in weeks:
            by = round(share * totals[row.week]) * ((row.value == to) - (row.value == away))
        fields = {name: getattr(row, name) for name in row.__struct_fields__}
        moved.append(WeeklyCount(**{**fields, "records": row.records + by}))
    return moved
