"""The accuracy of a run by golden sets, as lines and in words."""

from collections.abc import Sequence

from troupe.quality.accuracy import ColumnAccuracy, GoldenAccuracy, VersionAccuracy
from troupe.report.formatting import NONE, count, moment, percent, plural

from .columns import aligned, line, named

FEW = 30
"""Judged answers below which a share tells little."""


def accuracy_lines(sets: Sequence[GoldenAccuracy]) -> list[str]:
    """A line for each labelled column of each set, with what other versions had."""
    lines = list[str]()
    for each in sets:
        lines.append(named("golden set", set_name(each)))
        lines += aligned(
            (
                [
                    column.column,
                    share(column),
                    interval(column),
                    judged(column),
                    _before(each, column.column),
                ]
                for column in each.columns
            ),
            indent=4,
        )
    return lines


def set_name(accuracy: GoldenAccuracy) -> str:
    """Name a set, and say which part of it the run covers."""
    labelled = plural(accuracy.labelled, "labelled record")
    covered = f"{count(accuracy.records)} of {labelled}"
    return line(f"{accuracy.golden} version {accuracy.version}, {covered}")


def share(column: ColumnAccuracy) -> str:
    return f"{percent(column.share)} right" if column.judged else "not judged"


def interval(column: ColumnAccuracy) -> str:
    """The confidence interval in words; empty without a judged answer."""
    return f"{column.low:.1%} to {column.high:.1%}".replace("%", " %") if column.judged else ""


def judged(column: ColumnAccuracy) -> str:
    few = ", which is few" if 0 < column.judged < FEW else ""
    not_judged = f", {column.not_judged:,} not judged by their label" if column.not_judged else ""
    return f"of {count(column.judged)}{few}{not_judged}"


def version_name(version: VersionAccuracy) -> str:
    """Name what was asked: analysis, model and prompt."""
    return line(f"{version.analysis}, {version.model}, prompt {version.prompt_fingerprint[:8]}")


def _before(accuracy: GoldenAccuracy, column: str) -> str:
    """What the newest other version had in this column; empty without one."""
    for version in accuracy.history:
        found = [each for each in version.columns if each.column == column and each.judged]
        if found and not version.is_of_run:
            day = moment(version.analysed_at)[:10]
            figures = f"{percent(found[0].share)} of {count(found[0].judged)}"
            return f"{version_name(version)}: {figures}, {day}"
    return ""


def figure(column: ColumnAccuracy | None) -> str:
    """The share as a table shows it."""
    return percent(column.share) if column is not None and column.judged else NONE
