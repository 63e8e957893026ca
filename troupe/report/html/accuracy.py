"""The section of the page about golden sets: how many answers are right, and were before."""

from collections.abc import Sequence

from troupe.quality.accuracy import ColumnAccuracy, GoldenAccuracy, VersionAccuracy
from troupe.report import formatting, labels
from troupe.report.text.golden_accuracy import figure, interval, judged, set_name, version_name

from .elements import Markup, join, section, table, tag, track

NOTE = (
    "By labels that people gave. The interval holds the true share in 95 of 100 such samples: two "
    "versions whose intervals overlap may be equally good."
)


def golden_accuracy(sets: Sequence[GoldenAccuracy]) -> Markup:
    """A table of columns for each set, and one of the versions; nothing without a set."""
    if not sets:
        return Markup("")
    return section("Golden sets", *map(_set, sets), note=NOTE, id_="golden")


def _set(accuracy: GoldenAccuracy) -> Markup:
    rows = [
        (
            join([labels.plain(each.column), track(each.share or 0, 1)]),
            figure(each),
            interval(each),
            judged(each).removeprefix("of "),
        )
        for each in accuracy.columns
    ]
    head = ("column", "right", "95 % interval", "judged")
    return tag("div", tag("h3", set_name(accuracy)), table(head, rows), _history(accuracy))


def _history(accuracy: GoldenAccuracy) -> Markup:
    """The same set by version, the newest first; nothing where this version is the only one."""
    if len(accuracy.history) < 2:
        return Markup("")
    names = [each.column for each in accuracy.columns if each.judged]
    head = ("version", "records", *map(labels.plain, names))
    rows = [
        (
            _version(version),
            formatting.count(version.records),
            *(_cell(version, name) for name in names),
        )
        for version in accuracy.history
    ]
    return join([tag("h3", "By version, the newest first"), table(head, rows)])


def _version(version: VersionAccuracy) -> Markup:
    note = "asked by this run, " if version.is_of_run else ""
    day = formatting.moment(version.analysed_at)[:10]
    return join([version_name(version), " ", tag("small", f"{note}{day}")])


def _cell(version: VersionAccuracy, name: str) -> Markup:
    found: ColumnAccuracy | None = next(
        (each for each in version.columns if each.column == name), None
    )
    if found is None or not found.judged:
        return join([figure(found)])
    return join([figure(found), " ", tag("small", interval(found))])
