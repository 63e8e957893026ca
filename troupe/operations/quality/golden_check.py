"""Check a golden set: is it still usable, and does it have enough labels?"""

import json
from typing import Any

import msgspec

from troupe.operations.backend import Backend
from troupe.operations.installed import installed_analysis
from troupe.quality.label_values import LabelColumn, WrongValue, label_columns
from troupe.quality.statistics import wilson

from .golden_sets import ColumnLabels, GoldenSet, count_labels, find_version, golden_set

FEWEST_LABELS = 30
"""With fewer labels of a column the interval of a share is wider than 30 points."""
FEWEST_OF_A_VALUE = 5
MOST_NAMED = 10
"""Records that a problem names."""


class GoldenProblem(msgspec.Struct, frozen=True, kw_only=True):
    """What has to be corrected in a golden set."""

    problem: str
    records: int
    examples: list[str]
    """Ids of some of these records."""


class GoldenCheck(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `check_golden`."""

    set: GoldenSet
    analysis: str
    """The analysis whose schema the labels are checked against."""
    columns: list[ColumnLabels]
    problems: list[GoldenProblem]
    """Empty when the set can be used as it is."""
    warnings: list[str]
    """What makes a result of this set uncertain."""


def check_golden(backend: Backend, golden: str, analysis: str | None = None) -> GoldenCheck:
    """Check the newest version of a set, or the one of `NAME@VERSION`. Raises `InvalidOperation`."""
    version = find_version(backend, golden)
    chosen = installed_analysis(backend, analysis or version.analysis)
    columns = label_columns(chosen)
    rows = backend.dependencies.tracking.golden_sets.rows_of(version.golden, version.version)
    labels = {row.record_id: json.loads(row.labels) for row in rows}
    found: dict[str, list[str]] = {}
    for row in rows:
        problems = list(_misfits(labels[row.record_id], columns, chosen.name))
        if not row.in_source:
            problems.append("the record is not in the source")
        if row.copies > 1:
            problems.append("the record is in this version twice")
        for problem in problems:
            found.setdefault(problem, []).append(row.record_id)
    counts = count_labels(labels.values(), columns)
    return GoldenCheck(
        set=golden_set(version),
        analysis=chosen.name,
        columns=counts,
        problems=[
            GoldenProblem(problem=problem, records=len(records), examples=records[:MOST_NAMED])
            for problem, records in found.items()
        ],
        warnings=[warning for each in counts for warning in _warnings(each)],
    )


def _misfits(labels: dict[str, Any], columns: dict[str, LabelColumn], analysis: str) -> list[str]:
    """Return what in the labels of a record does not fit the schema any more."""
    problems = []
    for name, label in labels.items():
        if name not in columns:
            problems.append(f"{analysis} has no column {name}")
            continue
        try:
            columns[name].read(label, is_text=False)
        except WrongValue as wrong:
            problems.append(f"{name}: {wrong}")
    return problems


def _warnings(counts: ColumnLabels) -> list[str]:
    """Say which labels are too few for a result that is certain enough."""
    warnings = []
    judging = counts.labels - counts.rejections
    if judging < FEWEST_LABELS:
        low, high = wilson(round(0.9 * judging), judging)
        warnings.append(
            f"{counts.column}: {judging:,} labels are few: a share of 90 % would be anything from "
            f"{low:.0%} to {high:.0%}; label at least {FEWEST_LABELS}"
        )
    if len(counts.values) == 1 and judging >= FEWEST_LABELS:
        (value,) = counts.values
        warnings.append(
            f"{counts.column}: all labels are {value}, so an analysis that always says so looks right"
        )
    if counts.rejections > judging:
        warnings.append(
            f"{counts.column}: {counts.rejections:,} of {counts.labels:,} labels only reject a value, "
            "and can only count against an answer: label the right values to measure a share"
        )
    rare = [f"{value} ({n:,})" for value, n in counts.values.items() if n < FEWEST_OF_A_VALUE]
    if rare and judging >= FEWEST_LABELS:
        warnings.append(f"{counts.column}: few labels of {', '.join(rare)}")
    return warnings
