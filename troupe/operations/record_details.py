"""Everything that is known about one record: its history, its transcript and its answers."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from analysis import Analysis
from tracking import Row
from tracking.statements import column_name, table_name
from troupe.quality.review_columns import ReviewColumn, review_columns

from .backend import Backend, InvalidOperation
from .explain import RECORD, record_history
from .histories import RecordHistory, StoredRow
from .runs import analysis_of


class RecordText(msgspec.Struct, frozen=True, kw_only=True):
    """What a run sent for the record, and the call that it is about."""

    run_id: str
    interaction_id: str | None
    reference_id: str | None
    event_timestamp: datetime | None
    transcript: str | None
    """The text that was sent: personal data. None where texts are not asked for."""


class RecordAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A stored row of the record: what was answered, how it was read, and what it cost."""

    row: StoredRow
    columns: list[ReviewColumn]
    """In the order of the table; without texts the closed ones alone."""
    values: dict[str, Any]
    """Column to value."""
    raw_values: dict[str, Any]
    """What the model wrote for the columns that were normalised or left null."""
    grounding: float | None
    """Share of the summary's words that the transcript has."""


class RecordDetails(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `record_details`."""

    record_id: str
    history: RecordHistory
    texts: list[RecordText]
    """By run, as planned; none after the plan's partition has expired."""
    answers: list[RecordAnswer]


class _TextRow(RecordText, frozen=True, kw_only=True):
    """A row of `queries/records/texts_of_record.sql`."""

    phone_number_token: str | None


def record_details(backend: Backend, record_id: str, texts: bool = True) -> RecordDetails:
    """Return what is known about a record; without `texts` no transcript, and closed values alone.

    Raises `InvalidOperation` for an id that neither the source nor a run holds.
    """
    if not RECORD.fullmatch(record_id):
        raise InvalidOperation("this is no record id: it has 32 hexadecimal digits")
    history = record_history(backend, record_id)
    return RecordDetails(
        record_id=record_id,
        history=history if texts else _without_attributes(history),
        texts=_texts(backend, history, texts=texts),
        answers=_answers(backend, history, texts=texts),
    )


def _texts(backend: Backend, history: RecordHistory, *, texts: bool) -> list[RecordText]:
    days = [plan.planned_on for plan in history.plans]
    if not days:
        return []
    params = {"record_id": history.record_id, "since": min(days), "until": max(days)}
    rows = backend.dependencies.tracking.rows("texts_of_record", _TextRow, params)
    return [
        RecordText(
            run_id=row.run_id,
            interaction_id=row.interaction_id,
            reference_id=row.reference_id,
            event_timestamp=row.event_timestamp,
            transcript=row.transcript if texts else None,
        )
        for row in rows
    ]


def _without_attributes(history: RecordHistory) -> RecordHistory:
    plans = [msgspec.structs.replace(plan, attributes={}) for plan in history.plans]
    return msgspec.structs.replace(history, plans=plans)


def _answers(backend: Backend, history: RecordHistory, *, texts: bool) -> list[RecordAnswer]:
    """Read the values of each table once, in the columns of the analysis of its newest run."""
    by_table: dict[str, list[StoredRow]] = {}
    for row in history.rows:
        by_table.setdefault(row.table, []).append(row)
    found = list[RecordAnswer]()
    for rows in by_table.values():
        analysis = _analysis(backend, rows[-1])
        if analysis is not None:
            values = _values(backend, history.record_id, rows, analysis, texts=texts)
            found += [_answer(row, analysis, values[row.run_id], texts=texts) for row in rows]
    return sorted(found, key=lambda each: each.row.analysed_at, reverse=True)


def _analysis(backend: Backend, row: StoredRow) -> Analysis | None:
    """The analysis of the row as it was planned, or as it is installed; None without both."""
    plan = backend.dependencies.tracking.plan_of(row.run_id)
    if plan is not None:
        try:
            return analysis_of(plan)
        except InvalidOperation:
            return None  # a newer version of Troupe planned it
    known = backend.dependencies.analyses
    return known.load(row.analysis) if row.analysis in known.names else None


def _values(
    backend: Backend,
    record_id: str,
    stored: Sequence[StoredRow],
    analysis: Analysis,
    *,
    texts: bool,
) -> Mapping[str, Row]:
    """Read the values of these rows of one table, in the partitions that hold them."""
    names = _shown(analysis, texts=texts)
    columns = ", ".join(f"t.{column_name(name)}" for name in names) or "t.record_id"
    rows = backend.dependencies.tracking.query(
        "answers_of_record",
        {
            "record_id": record_id,
            "stored_from": stored[0].analysed_at,
            "stored_to": stored[-1].analysed_at,
        },
        output=table_name(stored[0].table),
        t_answer_columns=columns,
    )
    return {row["run_id"]: row for row in rows}


def _shown(analysis: Analysis, *, texts: bool) -> Sequence[str]:
    return [*analysis.columns] if texts else analysis.closed_columns


def _answer(row: StoredRow, analysis: Analysis, found: Row, *, texts: bool) -> RecordAnswer:
    names = _shown(analysis, texts=texts)
    lists = {column.name for column in analysis.output_columns if column.mode == "REPEATED"}
    raw = json.loads(found["raw_values"]) if texts and found["raw_values"] else {}
    return RecordAnswer(
        row=row,
        columns=[column for column in review_columns(analysis) if column.name in names],
        values={name: (found[name] or []) if name in lists else found[name] for name in names},
        raw_values=raw,
        grounding=found["grounding"],
    )
