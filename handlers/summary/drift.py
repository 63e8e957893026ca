"""Shares of the answers that moved beyond chance: the newest week against the weeks before it."""

import logging
from collections.abc import Iterable
from datetime import date, timedelta

import msgspec

from analysis import Analysis
from tracking import Tracking
from tracking.answer_rows import attributes_read, columns_read, counted_of, grouping
from tracking.statements import table_name

from .attribute_groups import MOST_VALUES
from .weekly_shares import (
    DriftRules,
    MovedShare,
    WeeklyCount,
    WeeklyShares,
    WeekShare,
    weekly_shares,
)

__all__ = ["MovedShare", "WeekShare", "drift_of", "log_moved_shares", "moved_shares"]
LOG = logging.getLogger("troupe.drift")


class _Newest(msgspec.Struct, frozen=True, kw_only=True):
    """The row of `queries/answers/newest_answers.sql`."""

    records: int
    day: date | None


def moved_shares(
    tracking: Tracking,
    analysis: Analysis,
    *,
    until: date | None,
    weeks: int = 4,
    by: str | None = None,
) -> list[MovedShare]:
    """Name the shares whose newest seven days differ beyond chance from the weeks before.

    `until` is the last of the seven days; None: the newest day that has answers, among those of the
    last 90 days. `by` is a call attribute that reports may show: the shares of each of its values
    are looked at as well. Nothing moved where there are too few records.
    """
    rules, newest = DriftRules(weeks=weeks), _newest(tracking, analysis)
    until = until or newest.day
    if until is None or newest.records < rules.least_records:
        return []
    return drift_of(tracking, analysis, until, rules, by).moved


def newest_day(tracking: Tracking, analysis: Analysis) -> date | None:
    """Return the newest day of a call among the answers of the last 90 days; None without any."""
    return _newest(tracking, analysis).day


def _newest(tracking: Tracking, analysis: Analysis) -> _Newest:
    here = {"analysis": analysis.name}
    return tracking.row("newest_answers", _Newest, here, output=table_name(analysis.table))


def drift_of(
    tracking: Tracking, analysis: Analysis, until: date, rules: DriftRules, by: str | None = None
) -> WeeklyShares:
    """Compare all shares of an analysis, in one query over the newest period and twice the weeks before.

    The weeks before those that are compared tell how much the shares scatter.
    """
    closed, attributes = analysis.closed_columns, [by] if by else []
    rows = tracking.rows(
        "weekly_answers",
        WeeklyCount,
        {
            "analysis": analysis.name,
            "since": until - timedelta(days=7 * (2 * rules.weeks + rules.newest) - 1),
            "until": until,
            "most": MOST_VALUES,
        },
        output=table_name(analysis.table),
        counted_analysis="@analysis",
        counted_since="@since",
        counted_of_t=counted_of(closed, list(analysis.columns)),
        columns_of_s=columns_read(closed),
        attributes_of_s=attributes_read(attributes),
        attributes_of_r=grouping(attributes),
    )
    return weekly_shares(rows, analysis.name, until, rules)


def log_moved_shares(moved: Iterable[MovedShare]) -> None:
    """Log one line for each share that moved; Cloud Monitoring counts them by column and value.

    Only shares of all records are logged: the value of a call attribute is no label.
    """
    for share in moved:
        if share.attribute is None:
            LOG.warning(
                "share-moved",
                extra={
                    "analysis": share.analysis,
                    "kind": share.kind,
                    "column": share.column,
                    "value": share.value or "none",
                    "share_now": share.share_now,
                    "share_before": share.share_before,
                    "records_now": share.records_now,
                    "records_before": share.records_before,
                },
            )
