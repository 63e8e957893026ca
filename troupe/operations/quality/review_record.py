"""One record of a recorded sample: shown to a reviewer, and what the reviewer says of it, saved."""

import json
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from handlers.dispatch.errors import Redeliver
from tracking import Row
from tracking.review_samples import LabelledRow
from troupe.operations.backend import Backend, InvalidOperation
from troupe.operations.runs import analysis_of, plan_of
from troupe.quality.grounded_words import grounded_words
from troupe.quality.judgements import (
    HOWS,
    Choice,
    How,
    Judgement,
    can_be,
    choices_of,
    judgement_of,
    label_of,
    shown,
    typed,
)
from troupe.quality.label_values import LabelColumn, WrongValue, label_columns
from troupe.quality.review_columns import ReviewColumn, review_columns

from .golden_sets import encode_labels
from .review_sample import answer_of
from .reviews import recorded, saved_labels


class JudgedColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A column of the answer, and what the reviewer says of it."""

    name: str
    description: str
    value: str
    """The answer as a person reads it."""
    is_none: bool
    choices: list[Choice] | None
    """Other values of a closed column."""
    is_summary: bool
    """Whether the words are those of this column."""
    is_list: bool
    nullable: bool
    may_be: list[How]
    """What can be said of this value."""
    how: How | None
    """None: not judged."""
    text: str
    """The correction, as it was typed; what one begins with, where there is none."""
    problem: str | None = None
    """Why the correction was not saved."""


class JudgedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record of the sample, and how many of its columns the reviewer judged."""

    record_id: str
    judged: int


class ReviewedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `show_review`: personal data."""

    sample_id: str
    run_id: str
    analysis: str
    reviewer: str
    record_id: str
    version: int
    """How often the reviewer saved this record."""
    stratum: str
    grade: str | None
    grounding: float | None
    attributes: dict[str, Any]
    transcript: list[str] | None
    """Its parts; every second one, from the second on, is a word of the summary. None: the plan no
    longer keeps it."""
    absent: list[str]
    """Words of the summary that the transcript does not have."""
    columns: list[JudgedColumn]
    records: list[JudgedRecord]


Saving = Literal["saved", "unchanged", "newer", "refused"]


class SavedReview(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `save_review`."""

    outcome: Saving
    """`newer`: the record was saved meanwhile by another page. `refused`: a correction does not fit."""
    version: int
    problems: dict[str, str]
    """Column to what is wrong with its correction; nothing is saved then."""
    next_record: str | None
    """The record after this one; None after the last."""


Texts = Mapping[str, Mapping[str, str]]
"""Judgements as a form has them: {column: {"how": …, "text": …}}."""


def show_review(
    backend: Backend,
    sample_id: str,
    reviewer: str,
    record_id: str | None = None,
    refused: Texts | None = None,
) -> ReviewedRecord:
    """Show a record of a sample with what the reviewer saved of it.

    Without a record it is the first that is not judged as a whole. `refused` are judgements that
    could not be saved: they are shown with their problems instead of what is saved. Raises
    `InvalidOperation` for an unknown sample or record.
    """
    reviewing = _Reviewing(backend, sample_id, reviewer)
    row = reviewing.row(record_id) if record_id else reviewing.first_open()
    stored = reviewing.stored(row.record_id)
    parts, absent = reviewing.transcript(stored)
    return ReviewedRecord(
        sample_id=sample_id,
        run_id=reviewing.review.run_id,
        analysis=reviewing.review.analysis,
        reviewer=reviewer,
        record_id=row.record_id,
        version=row.version,
        stratum=row.stratum,
        grade=stored["grade"] if stored else None,
        grounding=stored["grounding"] if stored else None,
        attributes=json.loads(stored["attributes"] or "{}") if stored else {},
        transcript=parts,
        absent=absent,
        columns=reviewing.columns(stored, saved_labels(row), refused) if stored else [],
        records=[
            JudgedRecord(record_id=each.record_id, judged=len(saved_labels(each)))
            for each in reviewing.rows
        ],
    )


def save_review(
    backend: Backend,
    sample_id: str,
    reviewer: str,
    record_id: str,
    version: int,
    judgements: Texts,
) -> SavedReview:
    """Save what a reviewer says of a record, all or nothing.

    `version` is the version that the reviewer saw: a newer one is not overwritten, and the same
    judgements again change nothing. Raises `InvalidOperation` for an unknown column or record.
    """
    reviewing = _Reviewing(backend, sample_id, reviewer)
    row, stored = reviewing.row(record_id), reviewing.stored(record_id)
    if stored is None:
        raise InvalidOperation(f"the row of record {record_id} was deleted: nothing is saved")
    labels, problems = reviewing.labels(stored, _given(judgements))
    outcome: Saving = "refused"
    if not problems and labels == saved_labels(row):
        outcome = "unchanged"
    elif not problems and version != row.version:
        outcome = "newer"
    elif not problems:
        row = reviewing.save(row, labels)
        outcome = "saved" if saved_labels(row) == labels else "newer"
    ids = [each.record_id for each in reviewing.rows]
    return SavedReview(
        outcome=outcome,
        version=row.version,
        problems=problems,
        next_record=next(iter(ids[ids.index(record_id) + 1 :]), None),
    )


class _Reviewing:
    """One reviewer at one recorded sample."""

    def __init__(self, backend: Backend, sample_id: str, reviewer: str) -> None:
        self.review = recorded(backend, sample_id, reviewer)
        self._reviewer = reviewer
        self._plan = plan_of(backend, self.review.run_id)
        self._analysis = analysis_of(self._plan)
        self._label_columns = label_columns(self._analysis)
        self._samples = backend.dependencies.tracking.review_samples
        self.rows = self._samples.labels_of(sample_id, reviewer)

    @property
    def _here(self) -> dict[str, Any]:
        return self._plan.key

    def row(self, record_id: str) -> LabelledRow:
        """Return a record of the sample. Raises `InvalidOperation`."""
        for row in self.rows:
            if row.record_id == record_id:
                return row
        raise InvalidOperation(f"record {record_id[:40]!r} is not in this sample")

    def first_open(self) -> LabelledRow:
        """Return the first record that is not judged as a whole; the first one, where all are."""
        whole = len(self._label_columns)
        return next((row for row in self.rows if len(saved_labels(row)) < whole), self.rows[0])

    def stored(self, record_id: str) -> Row | None:
        """Return the row of a record; None when it was deleted."""
        params = {**self._here, "record_ids": [record_id]}
        names = [*self._analysis.columns]
        return self._samples.answers(names, self._analysis.table, params).get(record_id)

    def transcript(self, stored: Row | None) -> tuple[list[str] | None, list[str]]:
        """Return the parts of the text that was sent, and the words of the summary it has not."""
        if stored is None:
            return None, []
        id_ = stored["record_id"]
        params = {**self._here, "record_ids": [id_], "batches": [stored["batch"]]}
        text = self._samples.texts(params).get(id_)
        if text is None:
            return None, []
        summary = self._analysis.contract.summary
        words = grounded_words(str(stored.get(summary) or "") if summary else "", text)
        return words.parts, words.absent

    def columns(
        self, stored: Row, labels: Mapping[str, Any], refused: Texts | None
    ) -> list[JudgedColumn]:
        """Return the columns with what is saved of them, or with what could not be saved."""
        answer = answer_of(stored, self._analysis)
        if refused is None:
            said = {
                name: judgement_of(self._label_columns[name], answer[name], label)
                for name, label in labels.items()
                if name in self._label_columns
            }
            problems: dict[str, str] = {}
        else:
            said = _given(refused)
            _, problems = self.labels(stored, said)
        return [
            _judged(
                column,
                self._label_columns[column.name],
                answer[column.name],
                said.get(column.name),
                problems.get(column.name),
            )
            for column in review_columns(self._analysis)
        ]

    def labels(
        self, stored: Row, said: Mapping[str, Judgement]
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the label of each judged column, and the problem of each that has none."""
        answer = answer_of(stored, self._analysis)
        labels, problems = {}, {}
        for name, judgement in said.items():
            if name not in self._label_columns:
                raise InvalidOperation(f"{self._analysis.name} has no column {name[:40]!r}")
            try:
                labels[name] = label_of(self._label_columns[name], answer[name], judgement)
            except WrongValue as wrong:
                problems[name] = str(wrong)
        return labels, problems

    def save(self, row: LabelledRow, labels: Mapping[str, Any]) -> LabelledRow:
        """Save labels as the version after `row`, and return what is saved then."""
        sample = self.review.sample_id
        try:
            self._samples.save_labels(
                sample,
                self._reviewer,
                row.record_id,
                row.version + 1,
                self._analysis.table,
                {**self._here, "labels": encode_labels(labels)},
            )
        except Redeliver as error:
            raise InvalidOperation(f"nothing was saved ({error}): save it again") from error
        self.rows = self._samples.labels_of(sample, self._reviewer)
        return self.row(row.record_id)


def _judged(
    column: ReviewColumn,
    label_column: LabelColumn,
    value: Any,
    said: Judgement | None,
    problem: str | None,
) -> JudgedColumn:
    choices = choices_of(column, value)
    begun = "" if choices else typed(value)
    return JudgedColumn(
        name=column.name,
        description=column.description,
        value=shown(value),
        is_none=value in (None, []),
        choices=choices,
        is_summary=column.is_summary,
        is_list=label_column.node.kind == "array",
        nullable=column.nullable,
        may_be=[each for each in HOWS if each == "corrected" or can_be(label_column, value, each)],
        how=said.how if said else None,
        text=said.text if said and said.how == "corrected" else begun,
        problem=problem,
    )


def _given(texts: Texts) -> dict[str, Judgement]:
    """Read judgements. Raises `InvalidOperation`."""
    try:
        return msgspec.convert(texts, dict[str, Judgement])
    except msgspec.ValidationError as error:
        raise InvalidOperation(f"invalid judgement: {error}") from error
