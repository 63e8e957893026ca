"""Which shares of the answers moved, for each analysis that has answers."""

from datetime import date, timedelta

import msgspec

from analysis import Analysis
from handlers.summary.drift import drift_of, newest_day
from handlers.summary.weekly_shares import DriftRules, MovedShare, ShareGroup
from troupe.operations.backend import Backend, InvalidOperation
from troupe.operations.installed import grouped_by, installed_analyses

MOST_WEEKS = 13
"""Weeks of the newest period."""
EXAMPLE = "2026-01-31"


class AnalysisDrift(msgspec.Struct, frozen=True, kw_only=True):
    """One analysis: its newest period, compared with the weeks before it."""

    analysis: str
    begins: date | None
    """First day of the newest period; None without an answer in the last 90 days."""
    until: date | None
    """Its last day."""
    shares: int
    """Shares that were compared."""
    compared: list[ShareGroup]
    too_few: list[ShareGroup]
    """Records that cannot be compared: too few on a side, or fewer than two weeks before."""
    moved: list[MovedShare]


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `drift`."""

    by: str | None
    """The call attribute by whose values the records were compared as well."""
    rules: DriftRules
    """With the weeks of the default newest period."""
    analyses: list[AnalysisDrift]


def drift(
    backend: Backend, analysis: str | None = None, since: str | None = None, by: str | None = None
) -> Drift:
    """Compare the newest seven days of each analysis, or all days since `since`, with the weeks before.

    Raises `InvalidOperation` for an unknown analysis, a day without answers after it, and an
    attribute by which no analysis may be grouped.
    """
    begin = _day(since) if since is not None else None
    found = grouped_by(backend, analysis, by) if by else installed_analyses(backend, analysis)
    return Drift(
        by=by,
        rules=DriftRules(),
        analyses=[_drift(backend, each, begin, by) for each in found],
    )


def _drift(
    backend: Backend, analysis: Analysis, begin: date | None, by: str | None
) -> AnalysisDrift:
    tracking = backend.dependencies.tracking
    newest = newest_day(tracking, analysis)
    if newest is None:
        return AnalysisDrift(
            analysis=analysis.name, begins=None, until=None, shares=0, compared=[], too_few=[], moved=[]
        )  # fmt: skip
    weeks = _weeks_since(begin, newest, analysis.name) if begin else 1
    until = begin + timedelta(days=7 * weeks - 1) if begin else newest
    found = drift_of(tracking, analysis, until, DriftRules(newest=weeks), by)
    return AnalysisDrift(
        analysis=analysis.name,
        begins=until - timedelta(days=7 * weeks - 1),
        until=newest,
        **msgspec.structs.asdict(found),
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise InvalidOperation(f"invalid --since {text!r}: use a day, such as {EXAMPLE}") from error


def _weeks_since(begin: date, newest: date, analysis: str) -> int:
    """Count the weeks from a day to the newest one; the last may be incomplete."""
    weeks = (newest - begin).days // 7 + 1
    if newest < begin:
        raise InvalidOperation(
            f"invalid --since {begin}: the newest call that {analysis} answered is of {newest}; use "
            "that day or an earlier one"
        )
    if weeks > MOST_WEEKS:
        raise InvalidOperation(
            f"invalid --since {begin}: it is more than {MOST_WEEKS} weeks before {newest}, the day of "
            f"the newest call that {analysis} answered; use a later day"
        )
    return weeks
