"""The accuracy of answers by the labels of a golden set."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from tracking.golden_sets import GoldenOfRun, LabelledAnswers

from .label_values import LabelColumn
from .statistics import wilson

Columns = Mapping[str, Mapping[str, LabelColumn]]
"""Columns of each analysis that has answers, by name."""


class ColumnAccuracy(msgspec.Struct, frozen=True, kw_only=True):
    """How many answers in one column are right."""

    column: str
    judged: int
    """Answers that their label tells to be right or wrong."""
    right: int
    share: float | None
    """None without a judged answer."""
    low: float
    """The 95 % confidence interval of the share (Wilson)."""
    high: float
    not_judged: int
    """Labelled answers of which the label does not tell: another text, or another value than the
    one that was rejected."""


class VersionAccuracy(msgspec.Struct, frozen=True, kw_only=True):
    """The accuracy of one prompt of an analysis, over all of its runs."""

    analysis: str
    prompt_fingerprint: str
    """Hash of what was asked."""
    model: str
    is_of_run: bool
    """Whether the run that is reported asked this."""
    analysed_at: datetime
    """When the newest of these rows was stored."""
    records: int
    columns: list[ColumnAccuracy]


class GoldenAccuracy(msgspec.Struct, frozen=True, kw_only=True):
    """The accuracy of a run by the newest version of a golden set, and its history."""

    golden: str
    version: int
    labelled: int
    """Records of the set."""
    records: int
    """Those with a row of the run."""
    columns: list[ColumnAccuracy]
    """Of the rows of the run alone."""
    history: list[VersionAccuracy]
    """Every prompt that has answered records of the set, the newest first."""


@dataclass(slots=True)
class _Tally:
    """Judgements of answers, by column."""

    right: Counter[str] = field(default_factory=Counter)
    judged: Counter[str] = field(default_factory=Counter)
    labelled: Counter[str] = field(default_factory=Counter)
    records: int = 0
    analysed_at: datetime | None = None

    def add(self, row: LabelledAnswers, columns: Mapping[str, LabelColumn]) -> None:
        labels, answers = json.loads(row.labels), json.loads(row.answers)
        self.records += row.records
        self.analysed_at = max(filter(None, (self.analysed_at, row.analysed_at)))
        for name, label in labels.items():
            if name not in answers or name not in columns:
                continue
            judgement = columns[name].judge(label, answers[name])
            self.labelled[name] += row.records
            if judgement is not None:
                self.judged[name] += row.records
                self.right[name] += row.records * judgement

    def columns(self, order: Iterable[str]) -> list[ColumnAccuracy]:
        return [self._column(name) for name in order if name in self.labelled]

    def _column(self, name: str) -> ColumnAccuracy:
        right, judged = self.right[name], self.judged[name]
        low, high = wilson(right, judged)
        return ColumnAccuracy(
            column=name,
            judged=judged,
            right=right,
            share=right / judged if judged else None,
            low=low,
            high=high,
            not_judged=self.labelled[name] - judged,
        )


def accuracy_of(
    sets: Sequence[GoldenOfRun], rows: Sequence[LabelledAnswers], columns: Columns
) -> list[GoldenAccuracy]:
    """Judge the answers by the labels of each set. Sets that tell nothing of the run are left out."""
    found = (_of_set(each, [r for r in rows if r.golden == each.golden], columns) for each in sets)
    return [each for each in found if each.columns]


def accuracy_history(
    sets: Sequence[GoldenOfRun], rows: Sequence[LabelledAnswers], columns: Columns
) -> list[GoldenAccuracy]:
    """Judge the answers of every version by the labels of each set, whichever run they are of."""
    found = (_of_set(each, [r for r in rows if r.golden == each.golden], columns) for each in sets)
    return [each for each in found if any(version.columns for version in each.history)]


def _of_set(
    golden: GoldenOfRun, rows: Sequence[LabelledAnswers], columns: Columns
) -> GoldenAccuracy:
    of_run = _Tally()
    versions: dict[tuple[str, str, str], _Tally] = {}
    asked: set[tuple[str, str, str]] = set()
    for row in rows:
        key = (row.analysis, row.prompt_fingerprint, row.model)
        known = columns[row.analysis]
        versions.setdefault(key, _Tally()).add(row, known)
        if row.is_of_run:
            of_run.add(row, known)
            asked.add(key)
    order = golden.label_columns.split(",")
    history = [
        VersionAccuracy(
            analysis=analysis,
            prompt_fingerprint=fingerprint,
            model=model,
            is_of_run=(analysis, fingerprint, model) in asked,
            analysed_at=tally.analysed_at,
            records=tally.records,
            columns=tally.columns(order),
        )
        for (analysis, fingerprint, model), tally in versions.items()
        if tally.analysed_at is not None
    ]
    return GoldenAccuracy(
        golden=golden.golden,
        version=golden.version,
        labelled=golden.labelled,
        records=golden.records,
        columns=of_run.columns(order),
        history=sorted(history, key=lambda each: each.analysed_at, reverse=True),
    )
