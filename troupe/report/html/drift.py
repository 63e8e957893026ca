"""The page about shares that moved: a chart over the weeks for each, and the figures beside it."""

from collections.abc import Sequence

from handlers.summary.weekly_shares import DriftRules, MovedShare, WeekShare
from troupe.operations.quality.drift import AnalysisDrift, Drift
from troupe.report import formatting
from troupe.report.text.drift import group_of, name_of, result, too_few

from .elements import Markup, empty, section, table, tag
from .page import page

NOTE = (
    "A share is named if it moved beyond chance: while nothing moves, one look in {odds:.0f} names any. "
    "Chance includes how much the shares scattered from week to week before. Shifts below "
    "{points:.0f} points are not named."
)
WIDTH, HEIGHT, LEFT, TOP, GAP = 360.0, 150.0, 60.0, 22.0, 6.0


def render_drift(drift: Drift) -> str:
    """Return one self-contained page with a section for each analysis."""
    sections = [
        tag("h1", "Shares that moved"),
        *(_analysis(each, drift.rules) for each in drift.analyses),
    ]
    return page("Shares that moved", sections)


def _analysis(drift: AnalysisDrift, rules: DriftRules) -> Markup:
    few = [empty(f"{too_few(each, rules)}.".capitalize()) for each in drift.too_few]
    note = NOTE.format(odds=1 / rules.level, points=100 * rules.least_shift)
    return section(
        drift.analysis,
        tag("p", f"{result(drift, rules)}.".capitalize()),
        *(_share(share) for share in drift.moved),
        *few,
        note=note,
        id_=drift.analysis,
    )


def _share(share: MovedShare) -> Markup:
    """The chart, and the same in figures."""
    title = f"{name_of(share)}, {group_of(share)}"
    before, now = formatting.percent(share.share_before), formatting.percent(share.share_now)
    said = f"From {before} to {now}, since {share.since}."
    rows = [
        (week.begins, formatting.share_of(week.records, week.of), formatting.count(week.records), formatting.count(week.of))
        for week in share.weeks
    ]  # fmt: skip
    figures = table(("week from", "share", "records", "of"), rows)
    return tag(
        "div",
        tag("div", tag("h3", title), tag("p", said), _chart(share, f"{title}. {said}")),
        tag("div", figures),
        class_="two",
    )


def _chart(share: MovedShare, label: str) -> Markup:
    """A column for each week; those since the shift have another colour."""
    top = max(week.records / week.of for week in share.weeks) or 1.0
    width = (WIDTH - LEFT) / len(share.weeks)
    base = TOP + HEIGHT
    lines = [
        tag("text", formatting.percent(top), x=f"{LEFT - 6:.0f}", y=TOP + 5, text_anchor="end", class_="head"),
        tag("text", "0 %", x=f"{LEFT - 6:.0f}", y=base, text_anchor="end", class_="head"),
        *(_column(share, week, LEFT + at * width, width, top) for at, week in enumerate(share.weeks)),
        *_days(share.weeks, width, base + 18),
    ]  # fmt: skip
    return tag(
        "svg", *lines, viewBox=f"0 0 {WIDTH:.0f} {base + 26:.0f}", role="img",
        aria_label=f"{label} A column for each week; the table holds the figures.",
    )  # fmt: skip


def _column(share: MovedShare, week: WeekShare, x: float, width: float, top: float) -> Markup:
    part = week.records / week.of
    height = max(1.0, HEIGHT * part / top)
    title = f"week from {week.begins}: {formatting.percent(part)} of {formatting.count(week.of)}"
    return tag(
        "rect", tag("title", title),
        x=f"{x:.1f}", y=f"{TOP + HEIGHT - height:.1f}", width=f"{width - GAP:.1f}",
        height=f"{height:.1f}", class_="negative" if week.begins >= share.since else "neutral",
    )  # fmt: skip


def _days(weeks: Sequence[WeekShare], width: float, y: float) -> list[Markup]:
    """The first and the last week by their days: more would not fit."""
    last = LEFT + len(weeks) * width - GAP
    ends = [(weeks[0], LEFT, "start"), (weeks[-1], last, "end")][: len(weeks)]
    return [
        tag("text", week.begins, x=f"{x:.1f}", y=f"{y:.0f}", text_anchor=anchor, class_="head")
        for week, x, anchor in ends
    ]
