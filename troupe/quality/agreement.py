"""How far two reviewers of one sample agree, column by column."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from analysis import Analysis

from .label_values import LabelColumn, label_columns, names_wrong_value
from .labels import PERSON, Labels
from .statistics import Kappa, cohen_kappa, wilson

Key = tuple[str | None, ...]


class ColumnAgreement(msgspec.Struct, frozen=True, kw_only=True):
    """How far two reviewers agree on one column."""

    column: str
    judged: int
    """Records on which the two labels can be compared."""
    agreed: int
    low: float
    high: float
    """Wilson's interval of 95 % for the share that agrees."""
    kappa: Kappa | None
    """None for a column that is no closed set, and where it is not defined."""
    undecided: int
    """Records where both labels may be right, such as "not calm" and "angry", or two texts."""


class Disagreement(msgspec.Struct, frozen=True, kw_only=True):
    """A record and a column that two reviewers judge differently."""

    record: str
    """Its record id, or its ids joined by blanks; the token of a person is not shown."""
    column: str
    first: Any
    second: Any
    """The labels; of texts and lists only with `--show`."""


class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `review agreement`."""

    analysis: str
    both: int
    """Records that both files have."""
    only_first: int
    only_second: int
    columns: list[ColumnAgreement]
    """Those with a label of both for some record."""
    disagreements: list[Disagreement]


def agreement(first: Labels, second: Labels, analysis: Analysis, *, show: bool) -> Agreement:
    """Compare the labels of two reviewers. `show`: also the texts on which they differ.

    Raises `ValueError` when the files do not name records in the same way, or no record is in both.
    """
    if first.key_columns != second.key_columns:
        ids, other_ids = (", ".join(each.key_columns) for each in (first, second))
        raise ValueError(f"the first file has the ids {ids}, and the second {other_ids}")
    ours, theirs = _by_key(first), _by_key(second)
    both = [key for key in ours if key in theirs]
    if not both:
        raise ValueError("no record is in both files; use two files of one sample")
    labelled = label_columns(analysis)
    columns = [
        _column(each, [(ours[key], theirs[key]) for key in both]) for each in labelled.values()
    ]
    return Agreement(
        analysis=analysis.name,
        both=len(both),
        only_first=len(ours) - len(both),
        only_second=len(theirs) - len(both),
        columns=[each for each in columns if each.judged or each.undecided],
        disagreements=[
            Disagreement(
                record=_shown(first.key_columns, key),
                column=column,
                first=ours[key][column] if show or each.is_counted else None,
                second=theirs[key][column] if show or each.is_counted else None,
            )
            for key in both
            for column, each in labelled.items()
            if _agrees(ours[key], theirs[key], each) is False
        ],
    )


def _by_key(labels: Labels) -> dict[Key, dict[str, Any]]:
    return {row.key: row.values for row in labels.rows}


def _shown(columns: tuple[str, ...], key: Key) -> str:
    ids = [part or "-" for name, part in zip(columns, key, strict=True) if name != PERSON]
    return " ".join(ids) or "(a person's record)"


def _column(
    column: LabelColumn, pairs: list[tuple[Mapping[str, Any], Mapping[str, Any]]]
) -> ColumnAgreement:
    name = column.name
    labelled = [(a, b) for a, b in pairs if name in a and name in b]
    judged = [(a, b) for a, b in labelled if _agrees(a, b, column) is not None]
    agreed = sum(_agrees(a, b, column) is True for a, b in judged)
    low, high = wilson(agreed, len(judged))
    counts: Counter[tuple[str | None, str | None]] = Counter(
        (_text(a[name]), _text(b[name])) for a, b in judged
    )
    return ColumnAgreement(
        column=name,
        judged=len(judged),
        agreed=agreed,
        low=low,
        high=high,
        kappa=cohen_kappa(counts) if column.is_counted else None,
        undecided=len(labelled) - len(judged),
    )


def _agrees(ours: Mapping[str, Any], theirs: Mapping[str, Any], column: LabelColumn) -> bool | None:
    """Whether two labels say the same; None when one is missing, or they can both be right.

    One label is judged by the other as an answer is: "not calm" and "angry" can both be right.
    """
    if column.name not in ours or column.name not in theirs:
        return None
    first, second = ours[column.name], theirs[column.name]
    if _text(first) == _text(second):
        return True
    one, other = (first, second) if names_wrong_value(first) else (second, first)
    return None if names_wrong_value(other) else column.judge(one, other)


def _text(label: Any) -> str:
    """Equal labels have equal texts."""
    return json.dumps(label, ensure_ascii=False, sort_keys=True)


def agreement_lines(found: Agreement) -> Iterator[str]:
    """Yield the lines that a terminal shows."""
    yield f"{found.both:,} records are in both files; {found.only_first:,} in the first alone, {found.only_second:,} in the second alone"
    for each in found.columns:
        share = f"{each.agreed / each.judged:.0%}" if each.judged else "–"
        kappa = "" if each.kappa is None else f", kappa {each.kappa.value:.2f}"
        undecided = f", {each.undecided:,} cannot be compared" if each.undecided else ""
        yield (
            f"  {each.column}: {share} of {each.judged:,} agree "
            f"({each.low:.0%} to {each.high:.0%}){kappa}{undecided}"
        )
    if found.disagreements:
        yield "judged differently:"
    for differs in found.disagreements:
        is_hidden = differs.first is None and differs.second is None
        values = "" if is_hidden else f": {_text(differs.first)} and {_text(differs.second)}"
        yield f"  {differs.record} {differs.column}{values}"
