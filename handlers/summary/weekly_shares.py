"""Decide which shares of the newest week differ beyond chance from the weeks before it. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import median
from typing import Literal

import msgspec

from .share_statistics import Scatter, Values, holm, p_value, signed_root, step_scatter

Kind = Literal["answer", "mark", "grade", "error"]
"""What was counted: the value of a closed column, the mark on a column, the grade, or the error."""
_USUAL: Mapping[Kind, frozenset[str | None]] = {
    "answer": frozenset(),
    "mark": frozenset({None}),
    "grade": frozenset({None, "exact"}),
    "error": frozenset({None}),
}
"""Values that are no news: their share follows from the others."""
_REMAINDER = (None, "false")
"""Of two values one of these is not named, because its share follows; else the last by name."""


class DriftRules(msgspec.Struct, frozen=True, kw_only=True):
    """What counts as moved."""

    weeks: int = 4
    """Weeks before, with which the newest period is compared."""
    newest: int = 1
    """Weeks of the newest period."""
    level: float = 0.01
    """Chance that a stable history names any share at all."""
    least_shift: float = 0.02
    """Smaller shifts are not worth a name, however certain they are."""
    least_records: int = 100
    """Records that both sides must have."""


class WeeklyCount(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/answers/weekly_answers.sql`."""

    attribute: str | None
    attribute_value: str | None
    kind: Kind
    column_name: str
    value: str | None
    week: int
    """0 is the newest."""
    records: int


class WeekShare(msgspec.Struct, frozen=True, kw_only=True):
    """One week of a share."""

    begins: date
    records: int
    """Records with the value."""
    of: int
    """All records of the week."""


class MovedShare(msgspec.Struct, frozen=True, kw_only=True):
    """A share that moved beyond chance. Closed values only: no text of an answer."""

    analysis: str
    kind: Kind
    column: str
    """A column of the analysis; `grade`; or `error_type`."""
    value: str | None
    """A value of the closed column, None where the answer has none; `normalised` or `nulled`; a
    grade; or the error type of records that failed."""
    attribute: str | None
    """The call attribute by which the records were grouped; None for all records."""
    attribute_value: str | None
    share_now: float
    """Of the newest period."""
    share_before: float
    """Of the weeks before."""
    records_now: int
    """All records of the newest period."""
    records_before: int
    p_value: float
    """Corrected for the number of shares that were looked at."""
    since: date
    """First day of the first week that differs from those before it, as all weeks since then do."""
    weeks: list[WeekShare]
    """The newest last; weeks without records are absent."""


class ShareGroup(msgspec.Struct, frozen=True, kw_only=True):
    """The records with one value of a call attribute, or all of them."""

    attribute: str | None
    attribute_value: str | None
    records_now: int
    records_before: int


class WeeklyShares(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at, and what moved."""

    shares: int
    """Shares that were compared."""
    compared: list[ShareGroup]
    too_few: list[ShareGroup]
    """Groups with too few records on a side, or with fewer than two weeks before."""
    moved: list[MovedShare]
    """All records first, then the largest shift first."""


@dataclass(frozen=True, slots=True)
class _Series:
    """One column of one group, by week."""

    group: tuple[str | None, str | None]
    kind: Kind
    column: str
    weeks: dict[int, Counter[str | None]] = field(default_factory=dict)

    def of(self, weeks: range) -> Counter[str | None]:
        """Sum weeks."""
        return sum((self.weeks.get(week, Counter()) for week in weeks), Counter[str | None]())

    @property
    def values(self) -> list[str | None]:
        """The values whose shares are compared; a single value has no share that could move."""
        known = set[str | None]().union(*self.weeks.values())
        if len(known) < 2:
            return []
        left = known - _USUAL[self.kind]
        if len(known) == len(left) == 2:
            follows = [each for each in _REMAINDER if each in left] or sorted(left, key=str)[1:]
            left -= {follows[0]}
        return sorted(left, key=str)


@dataclass(frozen=True, slots=True)
class _Compared:
    """One share, compared."""

    series: _Series
    value: str | None
    scatter: Scatter
    root: float
    p_value: float


def weekly_shares(
    rows: Sequence[WeeklyCount], analysis: str, until: date, rules: DriftRules
) -> WeeklyShares:
    """Compare every share of the newest period with that of the weeks before it.

    `until` is the last day of week 0.
    """
    by_group: dict[tuple[str | None, str | None], list[_Series]] = {}
    for series in _series(rows):
        by_group.setdefault(series.group, []).append(series)
    groups = {group: _group(group, every, rules) for group, every in by_group.items()}
    enough = {group for group, every in by_group.items() if _is_enough(_records(every), 0, rules)}
    compared = [
        each for group in by_group if group in enough for each in _compared(by_group[group], rules)
    ]
    corrected = holm([each.p_value for each in compared])
    moved = [
        _moved(each, p, analysis, until, rules)
        for each, p in zip(compared, corrected, strict=True)
        if p < rules.level and abs(_shift(each, rules)) >= rules.least_shift
    ]
    return WeeklyShares(
        shares=len(compared),
        compared=[groups[group] for group in by_group if group in enough],
        too_few=[groups[group] for group in by_group if group not in enough],
        moved=sorted(moved, key=_by_size),
    )


def _by_size(moved: MovedShare) -> tuple[bool, float, str, str]:
    shift = abs(moved.share_now - moved.share_before)
    return moved.attribute is not None, -shift, moved.column, str(moved.value)


def _series(rows: Sequence[WeeklyCount]) -> Iterator[_Series]:
    found: dict[tuple[object, ...], _Series] = {}
    for row in rows:
        group = row.attribute, row.attribute_value
        series = found.setdefault(
            (group, row.kind, row.column_name), _Series(group, row.kind, row.column_name)
        )
        series.weeks.setdefault(row.week, Counter())[row.value] += row.records
    yield from found.values()


def _records(every: Sequence[_Series]) -> _Series:
    """Return the series that counts each record once."""
    return max(every, key=lambda series: sum(week.total() for week in series.weeks.values()))


def _group(
    group: tuple[str | None, str | None], every: Sequence[_Series], rules: DriftRules
) -> ShareGroup:
    records = _records(every)
    return ShareGroup(
        attribute=group[0],
        attribute_value=group[1],
        records_now=records.of(_now(0, rules)).total(),
        records_before=records.of(_before(0, rules)).total(),
    )


def _now(week: int, rules: DriftRules) -> range:
    """Return the newest period for week 0, and a single older week for any other."""
    return range(week, week + 1) if week else range(rules.newest)


def _before(week: int, rules: DriftRules) -> range:
    after = _now(week, rules).stop
    return range(after, after + rules.weeks)


def _is_enough(series: _Series, week: int, rules: DriftRules) -> bool:
    """Whether a week can be compared: both sides have enough records, and scatter can be seen."""
    before = _before(week, rules)
    now, earlier = series.of(_now(week, rules)), series.of(before)
    with_records = sum(1 for each in before if series.weeks.get(each))
    return min(now.total(), earlier.total()) >= rules.least_records and with_records >= 2


def _compared(every: Sequence[_Series], rules: DriftRules) -> Iterator[_Compared]:
    """Compare the shares of one group; its columns scatter at least as much as their median."""
    scatters = {at: step_scatter(_weeks_before(each, rules)) for at, each in enumerate(every)}
    known = [scatter for scatter in scatters.values() if scatter]
    usual = Scatter(
        factor=median([each.factor for each in known] or [1.0]),
        freedom=median([each.freedom for each in known] or [1.0]),
    )
    for at, series in enumerate(every):
        if not _is_enough(series, 0, rules):
            continue
        own = scatters[at] or usual
        scatter = Scatter(max(own.factor, usual.factor), own.freedom)
        for value in series.values:
            root = _root(series, value, 0, rules)
            yield _Compared(series, value, scatter, root, p_value(root, scatter))


def _weeks_before(series: _Series, rules: DriftRules) -> list[Values]:
    weeks = sorted(series.weeks, reverse=True)
    return [series.weeks[week] for week in weeks if week >= rules.newest]


def _root(series: _Series, value: str | None, week: int, rules: DriftRules) -> float:
    now, before = series.of(_now(week, rules)), series.of(_before(week, rules))
    return signed_root(now[value], now.total(), before[value], before.total())


def _shift(compared: _Compared, rules: DriftRules) -> float:
    now, before = compared.series.of(_now(0, rules)), compared.series.of(_before(0, rules))
    return now[compared.value] / now.total() - before[compared.value] / before.total()


def _moved(
    compared: _Compared, corrected: float, analysis: str, until: date, rules: DriftRules
) -> MovedShare:
    series, value = compared.series, compared.value
    now, before = series.of(_now(0, rules)), series.of(_before(0, rules))
    return MovedShare(
        analysis=analysis,
        kind=series.kind,
        column=series.column,
        value=value,
        attribute=series.group[0],
        attribute_value=series.group[1],
        share_now=now[value] / now.total(),
        share_before=before[value] / before.total(),
        records_now=now.total(),
        records_before=before.total(),
        p_value=corrected,
        since=_begin(_first_week(compared, rules), until),
        weeks=[
            WeekShare(begins=_begin(week, until), records=counts[value], of=counts.total())
            for week, counts in sorted(series.weeks.items(), reverse=True)
        ],
    )


def _begin(week: int, until: date) -> date:
    return until - timedelta(days=7 * week + 6)


def _first_week(compared: _Compared, rules: DriftRules) -> int:
    """Go back from the newest period while each week differs from those before it in the same way."""
    first = rules.newest - 1
    for week in range(rules.newest, rules.newest + rules.weeks):
        if not _is_enough(compared.series, week, rules):
            break
        root = _root(compared.series, compared.value, week, rules)
        if root * compared.root <= 0 or p_value(root, compared.scatter) >= rules.level:
            break
        first = week
    return first
