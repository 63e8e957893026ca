"""A comparison from the counted pairs of its query; pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from analysis import Analysis
from analysis.models import is_simulated
from tracking.comparison import FIGURES, RECORD, Compared

from .comparison import TELLS, Amounts, Cell, ColumnComparison, SideSummary
from .statistics import (
    CONFIDENCE,
    ClassScore,
    class_scores,
    cohen_kappa,
    macro_f1,
    records_needed,
    wilson,
)

BOTH = "both"
_AGREED = ("equal", "near", "accepted")
_JUDGED = (*_AGREED, "differs", "rejected")
_REJECTED = "\x00"
"""Stands for the unknown right value of an answer that a label rejects."""


class PairCount(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/quality/compare_sides.sql`."""

    column_name: str
    a: str | None
    b: str | None
    relation: str
    records: int
    amount_a: float | None
    amounts_a: int
    amount_b: float | None
    amounts_b: int
    shared: float | None
    overlap: float | None
    overlapping: int
    nulled_a: int
    nulled_b: int
    normalised_a: int
    normalised_b: int
    example: str | None
    differing_records: list[str] | None


class NamedSide(Protocol):
    """A side of a comparison, as `troupe/operations/quality/compare_sides.py` finds it."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def analysis(self) -> Analysis: ...
    @property
    def notes(self) -> Sequence[str]: ...


Counts = Mapping[str, Sequence[PairCount]]
"""The counted pairs of each column, figure, and of the record itself."""


def by_column(rows: Iterable[PairCount]) -> dict[str, list[PairCount]]:
    found: dict[str, list[PairCount]] = {}
    for row in rows:
        found.setdefault(row.column_name, []).append(row)
    return found


def records_in_common(counts: Counts) -> int:
    return sum(row.records for row in counts.get(RECORD, ()) if row.relation == BOTH)


def identical_records(counts: Counts) -> int:
    rows = counts.get(RECORD, ())
    return sum(row.records for row in rows if row.relation == BOTH and row.a == "0")


def worst_records(counts: Counts, limit: int) -> list[str]:
    """Return the ids of the records with the most differing columns."""
    rows = [row for row in counts.get(RECORD, ()) if row.relation == BOTH and row.a != "0"]
    rows.sort(key=lambda row: -int(row.a or 0))
    return [id_ for row in rows for id_ in row.differing_records or ()][:limit]


def side_summary(side: NamedSide, letter: str, counts: Counts) -> SideSummary:
    """Summarise side `a` or `b`."""
    is_a = letter == "a"
    of_record = counts.get(RECORD, ())
    here = {BOTH, letter}
    models = [row.a if is_a else row.b for row in counts.get("model", ()) if row.relation in here]
    grades: dict[str, int] = {}
    for row in counts.get("grade", ()):
        grade = row.a if is_a else row.b
        if row.relation == BOTH and grade is not None:
            grades[grade] = grades.get(grade, 0) + row.records
    cost, prompt_tokens, answer_tokens, grounding = (
        _mean(counts.get(name, ()), is_a=is_a) for name in FIGURES
    )
    names = sorted({model for model in models if model is not None})
    return SideSummary(
        name=side.name,
        kind=side.kind,
        analysis=side.analysis.name,
        records=sum(row.records for row in of_record if row.relation in here),
        only_here=sum(row.records for row in of_record if row.relation == letter),
        models=names,
        simulated=is_simulated(",".join(names)),
        grades=grades,
        cost=cost,
        prompt_tokens=prompt_tokens,
        answer_tokens=answer_tokens,
        grounding=grounding,
        notes=list(side.notes),
    )


def _mean(rows: Iterable[PairCount], *, is_a: bool) -> float | None:
    both = [row for row in rows if row.relation == BOTH]
    count = sum(row.amounts_a if is_a else row.amounts_b for row in both)
    total = sum((row.amount_a if is_a else row.amount_b) or 0.0 for row in both)
    return total / count if count else None


def column_comparison(
    column: Compared, rows: Sequence[PairCount], labels: tuple[bool, bool]
) -> ColumnComparison:
    """Compare one column; `labels` says of each side whether it is labels."""
    by_relation: dict[str, int] = {}
    for row in rows:
        by_relation[row.relation] = by_relation.get(row.relation, 0) + row.records
    is_judged = column.kind != "text" or any(labels)
    judged = sum(by_relation.get(name, 0) for name in _JUDGED) if is_judged else 0
    agreed = sum(by_relation.get(name, 0) for name in _AGREED) if is_judged else 0
    low, high = wilson(agreed, judged) if judged else (None, None)
    share = agreed / judged if judged else None
    too_few = share is not None and high is not None and low is not None and high - low > TELLS
    closed = column.kind == "closed"
    scores = _scores(rows, labels) if closed and labels[0] != labels[1] else []
    return ColumnComparison(
        column=column.name,
        kind=column.kind,
        judged=judged,
        agreed=agreed,
        near=by_relation.get("near", 0),
        rejected=by_relation.get("rejected", 0),
        unjudged=by_relation.get("unjudged", 0),
        agreement=share,
        low=low,
        high=high,
        too_few=too_few,
        needed=records_needed(share, confidence=CONFIDENCE)
        if too_few and share is not None
        else None,
        kappa=cohen_kappa(_cells(rows)) if closed else None,
        none_a=sum(row.records for row in rows if row.a is None),
        none_b=sum(row.records for row in rows if row.b is None),
        nulled_a=sum(row.nulled_a for row in rows),
        nulled_b=sum(row.nulled_b for row in rows),
        normalised_a=sum(row.normalised_a for row in rows),
        normalised_b=sum(row.normalised_b for row in rows),
        cells=msgspec.convert(rows, list[Cell], from_attributes=True),
        scores=scores,
        macro_f1=macro_f1(scores),
        amounts=None if closed else _amounts(column, rows, labels),
    )


def _cells(rows: Iterable[PairCount]) -> dict[tuple[str | None, str | None], int]:
    """The confusion matrix: without labels that only say what is wrong."""
    return {(row.a, row.b): row.records for row in rows if row.relation in ("equal", "differs")}


def _scores(rows: Sequence[PairCount], labels: tuple[bool, bool]) -> list[ClassScore]:
    """Score the answers; a rejected one counts as answered, and its label as unknown."""
    found: dict[tuple[str | None, str | None], int] = {}
    for row in rows:
        answer, label = (row.b, row.a) if labels[0] else (row.a, row.b)
        if row.relation == "rejected":
            label = _REJECTED
        elif row.relation not in ("equal", "differs"):
            continue
        found[answer, label] = found.get((answer, label), 0) + row.records
    return [score for score in class_scores(found) if score.value != _REJECTED]


def _amounts(column: Compared, rows: Sequence[PairCount], labels: tuple[bool, bool]) -> Amounts:
    overlapping = sum(row.overlapping for row in rows)
    overlap = sum(row.overlap or 0.0 for row in rows) / overlapping if overlapping else None
    is_number = column.kind == "number"
    totals = [sum(row.amount_a or 0.0 for row in rows), sum(row.amount_b or 0.0 for row in rows)]
    counts = [sum(row.amounts_a for row in rows), sum(row.amounts_b for row in rows)]
    means = [total / count if count else None for total, count in zip(totals, counts, strict=True)]
    precision = recall = None
    if column.kind == "list" and labels[0] != labels[1]:
        certain = [row for row in rows if row.relation in ("equal", "differs")]
        shared = sum(row.shared or 0.0 for row in certain)
        of_a, of_b = (sum((getattr(row, f"amount_{x}") or 0.0) for row in certain) for x in "ab")
        answered, labelled = (of_b, of_a) if labels[0] else (of_a, of_b)
        precision = shared / answered if answered else None
        recall = shared / labelled if labelled else None
    return Amounts(
        a=means[0],
        b=means[1],
        overlap=None if is_number else overlap,
        distance=overlap if is_number else None,
        measured=overlapping,
        precision=precision,
        recall=recall,
    )
