"""Golden sets as plain text."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from troupe.operations.quality.golden_add import GoldenAdded
from troupe.operations.quality.golden_check import GoldenCheck
from troupe.operations.quality.golden_sets import ColumnLabels, GoldenSets
from troupe.report.formatting import moment, plural

from .columns import aligned, line

VALUES_SHOWN = 8
NOTHING = "no golden set yet; `troupe golden add NAME FILE` adds one"


def added_lines(answer: GoldenAdded, *, dry_run: bool) -> list[str]:
    """What was added, and what was understood."""
    name = f"golden set {answer.golden} version {answer.version}"
    size = f"{plural(answer.records, 'record')} labelled for {answer.analysis}"
    if answer.known:
        head = f"{name} has these labels already: {size}; nothing changes"
    else:
        changed = f", {answer.changed:,} of them new or changed" if answer.version > 1 else ""
        head = f"{'would add' if dry_run else 'added'} {name}: {size}{changed}"
    return [line(head), *column_lines(answer.columns), *(line(each) for each in _notes(answer))]


def _notes(answer: GoldenAdded) -> Iterator[str]:
    if answer.dropped:
        yield (
            f"{plural(answer.dropped, 'record')} of the version before "
            f"{'is' if answer.dropped == 1 else 'are'} not in it; --extend keeps them"
        )
    if answer.normalised:
        counts = ", ".join(f"{column} {n:,}" for column, n in answer.normalised.items())
        yield f"read as what the schema has: {counts}"
    if answer.missing:
        yield f"left out: {plural(answer.missing, 'line')} whose record is not in the source"
    if answer.repeated:
        yield f"left out: {plural(answer.repeated, 'line')} that repeat an earlier one"
    if answer.unused:
        yield f"not used: {', '.join(answer.unused)}"


def sets_lines(answer: GoldenSets) -> list[str]:
    """One line for each version."""
    if not answer.sets:
        return [line(NOTHING)]
    return aligned(
        [
            each.golden,
            f"version {each.version}",
            plural(each.records, "record"),
            each.analysis,
            moment(each.added_at),
            ", ".join(each.columns),
        ]
        for each in answer.sets
    )


def check_lines(answer: GoldenCheck) -> list[str]:
    """What a set holds, and what makes its results uncertain."""
    name = f"golden set {answer.set.golden} version {answer.set.version}"
    return [
        line(f"{name}: {plural(answer.set.records, 'record')}, checked against {answer.analysis}"),
        *column_lines(answer.columns),
        *(line(each) for each in answer.warnings),
    ]


def problem_lines(answer: GoldenCheck) -> list[str]:
    """Each problem with the records that have it."""
    return [
        line(
            f"{each.problem} ({plural(each.records, 'record')}:",
            ", ".join(each.examples) + (", …)" if each.records > len(each.examples) else ")"),
        )
        for each in answer.problems
    ]


def column_lines(columns: Iterable[ColumnLabels]) -> list[str]:
    """The labels of each column, with their values where these are few."""
    return aligned(
        ([each.column, f"{each.labels:,}", _values(each.values)] for each in columns), indent=2
    )


def _values(values: Mapping[str, int]) -> str:
    parts: Sequence[str] = [f"{value} {count:,}" for value, count in values.items()]
    more = ", …" if len(parts) > VALUES_SHOWN else ""
    return ", ".join(parts[:VALUES_SHOWN]) + more
