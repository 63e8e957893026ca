"""The shares that moved, as lines, and the words that the page about them uses too."""

from handlers.summary.ended_run import MovedFigure
from handlers.summary.weekly_shares import DriftRules, MovedShare, ShareGroup
from troupe.operations.quality.drift import AnalysisDrift, Drift
from troupe.report import formatting, labels

from .columns import aligned, folded, line

SHOWN = 40
MARKS = {"normalised": "normalised", "nulled": "left null"}


def drift_lines(drift: Drift) -> list[str]:
    """For each analysis what moved, and what could not be compared."""
    return [each for analysis in drift.analyses for each in _analysis(analysis, drift.rules)] or [
        "No analysis is installed."
    ]


def _analysis(drift: AnalysisDrift, rules: DriftRules) -> list[str]:
    rows = [_row(share) for share in drift.moved]
    few = [f"    {too_few(each, rules)}" for each in drift.too_few]
    return [
        line(f"{drift.analysis}: {result(drift, rules)}"),
        *folded(aligned(rows, indent=4), SHOWN, "share"),
        *folded(few, SHOWN, "group"),
    ]


def result(drift: AnalysisDrift, rules: DriftRules) -> str:
    """Say in one sentence how many shares moved, and what was compared with what."""
    if drift.begins is None:
        return "no call was answered in the last 90 days"
    sides = f"{drift.begins} to {drift.until} against the {rules.weeks} weeks before"
    if not drift.compared:
        return f"nothing could be compared, {sides}"
    compared = formatting.plural(drift.shares, "share")
    moved = formatting.count(len(drift.moved)) if drift.moved else "none"
    return f"{moved} of {compared} moved beyond chance, {sides}"


def name_of(share: MovedShare | MovedFigure) -> str:
    """`call tone: angry`, `call tone: left null`, `failed: blocked`."""
    column, value = labels.plain(share.column), _value(share.value)
    if share.kind == "error":
        return f"failed: {share.value}"
    if share.kind == "mark":
        return f"{column}: {MARKS.get(share.value or '', value)}"
    return f"{column}: {value}"


def group_of(group: MovedShare | ShareGroup) -> str:
    """`queue billing`, or all records."""
    if group.attribute is None:
        return "all records"
    value = labels.NO_VALUE if group.attribute_value is None else group.attribute_value
    return f"{labels.plain(group.attribute)} {value}"


def too_few(group: ShareGroup, rules: DriftRules) -> str:
    """Say what is there, and what would do."""
    now, before = formatting.count(group.records_now), formatting.count(group.records_before)
    return (
        f"too few records to tell, {group_of(group)}: {now}, and {before} in the weeks before; "
        f"{rules.least_records:,} on each side are needed, and two weeks before"
    )


def _value(value: str | None) -> str:
    return labels.NO_VALUE if value is None else labels.plain(value)


def _row(share: MovedShare) -> tuple[str, ...]:
    return (
        name_of(share),
        group_of(share),
        f"{formatting.percent(share.share_now)} of {formatting.count(share.records_now)}",
        f"before {formatting.percent(share.share_before)} of {formatting.count(share.records_before)}",
        f"since {share.since}",
    )
