"""Find records by id, state, error, grade, call attribute, closed value and day, page by page."""

import base64
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from analysis import Analysis, AnalysisError
from tracking.found_records import STATES, Search, found_names

from .backend import Backend, InvalidOperation
from .runs import analysis_of, plan_of, run_rows

DAYS = 90
"""How far a search looks back that names no run and no day."""
MOST = 200
"""Records of one page."""
GRADES = ("exact", "normalised", "partial")
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(9999, 1, 1)
"""Days that can be asked for: a search looks some days further on both sides."""
LONGEST = 200
"""Characters of an id, a value or a text that is searched."""


class FoundRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record with its state in one run. It has no text, and no id of a person."""

    record_id: str
    run_id: str
    batch: int
    attempt: int | None
    state: str
    """analysed, failed, released, cleared or open."""
    happened_at: datetime
    """When it came to this state; of an open record when it was planned."""
    event_timestamp: datetime | None
    error_type: str | None
    cause: str | None
    grade: str | None
    grounding: float | None
    model: str | None
    cost: float | None
    """US dollars; None without a row, or where the price is unknown."""
    values: dict[str, str | None] = {}
    """Closed columns of the answer; empty without a row."""


class FoundRecords(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `find_records`: one page of records, the newest first."""

    analysis: str
    since: date
    until: date
    columns: dict[str, list[str]]
    """Closed columns of the analysis, by which a search can ask, with the values of the schema; a
    language has any."""
    attributes: list[str]
    """Its call attributes."""
    records: list[FoundRecord]
    after: str | None
    """Where the next page begins; None on the last one."""
    counts: dict[str, int] | None
    """Records that fit, by state; None on every page but the first, and where words are looked for in
    all runs: to count would be to read all texts twice."""
    unplanned: list[str] = []
    """Records with the searched id that are in the source, and in no plan of these days."""

    @property
    def total(self) -> int | None:
        return None if self.counts is None else sum(self.counts.values())


class _FoundRow(FoundRecord, frozen=True, kw_only=True):
    """A row of `queries/records/found_records.sql`."""

    answers: str | None


class _StateCount(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/records/found_counts.sql`."""

    state: str
    records: int


def find_records(
    backend: Backend,
    analysis: str | None = None,
    run_id: str | None = None,
    id: str | None = None,  # noqa: A002  (as users name it)
    states: Sequence[str] = (),
    error_type: str | None = None,
    grade: str | None = None,
    attributes: Mapping[str, str] | None = None,
    values: Mapping[str, str | None] | None = None,
    since: str | None = None,
    until: str | None = None,
    words: str | None = None,
    after: str | None = None,
    most: int = 50,
) -> FoundRecords:
    """Return the records of one analysis that fit all that is given.

    `id` is a record id, or the interaction id, reference id or phone number token of a call. Without
    a run and days, records of the last 90 days are found. `since` and `until` are days of the call.
    `words` is looked for in transcripts and answers; where reading is billed that needs a run, so that
    no search reads the texts of all. Without an analysis it is that of the run, or of the newest run. Raises
    `InvalidOperation`.
    """
    _check(states, grade, most, {"id": id, "words": words, "error": error_type})
    found, planned_on = _analysis(backend, analysis, run_id)
    first, last = _days(backend, since, until, planned_on)
    closed = found.closed_columns
    wanted = _known_values(found, closed, values or {}, attributes or {})
    if words and run_id is None and backend.bills_reads:
        raise InvalidOperation("a search for words needs a run here, where reading texts is billed")
    ids = None if id is None else _planned_ids(backend, id, first)
    search = Search(
        states=tuple(states) or STATES,
        record_ids=ids,
        error_type=error_type,
        grade=grade,
        attributes=dict(attributes or {}),
        values=wanted,
        by_day=since is not None or until is not None,
        open_runs=_open_runs(backend, run_id, first),
        words=words or None,
        of_run=run_id is not None,
    )
    params = {
        **search.params(),
        **_cursor(after),
        "analysis": found.name,
        "run_id": run_id,
        "planned_on": planned_on,
        "since": first,
        "until": last,
        "most": most + 1,
    }
    nothing = not search.kinds or ids == []
    names = {} if nothing else found_names(search, found.table, closed, _text_columns(found))
    rows = [] if nothing else _rows(backend, params, names)
    counts = None
    if after is None and (run_id is not None or not words):
        counts = {} if nothing else _counts(backend, params, names)
    return FoundRecords(
        analysis=found.name,
        since=first,
        until=last,
        columns=_closed_values(found, closed),
        attributes=[*found.attributes],
        records=rows[:most],
        after=_place(rows[most - 1]) if len(rows) > most else None,
        counts=counts,
        unplanned=_unplanned(backend, id) if id is not None and not ids else [],
    )


def _open_runs(backend: Backend, run_id: str | None, since: date) -> list[str]:
    runs = backend.dependencies.tracking.open_runs(since - timedelta(days=7))
    return [each for each, _ in runs if run_id in (None, each)]


def _rows(
    backend: Backend, params: Mapping[str, Any], names: Mapping[str, str]
) -> list[FoundRecord]:
    rows = backend.dependencies.tracking.rows("found_records", _FoundRow, params, **names)
    return [_found(row) for row in rows]


def _found(row: _FoundRow) -> FoundRecord:
    fields = {name: getattr(row, name) for name in FoundRecord.__struct_fields__}
    values = msgspec.json.decode(row.answers) if row.answers else {}
    return FoundRecord(**{**fields, "values": values})


def _counts(
    backend: Backend, params: Mapping[str, Any], names: Mapping[str, str]
) -> dict[str, int]:
    rows = backend.dependencies.tracking.rows("found_counts", _StateCount, params, **names)
    return {row.state: row.records for row in rows}


def _check(
    states: Sequence[str], grade: str | None, most: int, texts: Mapping[str, str | None]
) -> None:
    for state in states:
        if state not in STATES:
            raise InvalidOperation(f"invalid state {state!r}: use {', '.join(STATES)}")
    if grade is not None and grade not in GRADES:
        raise InvalidOperation(f"invalid grade {grade!r}: use {', '.join(GRADES)}")
    if not 1 <= most <= MOST:
        raise InvalidOperation(f"a page has 1 to {MOST} records, not {most}")
    for name, text in texts.items():
        if text is not None and not 0 < len(text) <= LONGEST:
            raise InvalidOperation(f"invalid {name}: use 1 to {LONGEST} characters")


def _analysis(
    backend: Backend, name: str | None, run_id: str | None
) -> tuple[Analysis, date | None]:
    """Return what the records were asked, and the day of the plan where a run is named."""
    if run_id is not None:
        plan = plan_of(backend, run_id)
        if name not in (None, plan.analysis):
            raise InvalidOperation(f"run {run_id} is of {plan.analysis}, not of {name}")
        return analysis_of(plan), plan.planned_on
    return asked_analysis(backend, name), None


def asked_analysis(backend: Backend, name: str | None) -> Analysis:
    """Return an installed analysis, without a name that of the newest run. Raises `InvalidOperation`."""
    known = backend.dependencies.analyses
    if name is None:
        runs = run_rows(backend) if len(known.names) > 1 else []
        names = (run.analysis for run in reversed(runs) if run.analysis in known.names)
        name = next(names, known.names[0])
    try:
        return known.load(name)
    except AnalysisError as error:
        raise InvalidOperation(str(error)) from error


def _days(
    backend: Backend, since: str | None, until: str | None, planned_on: date | None
) -> tuple[date, date]:
    """Return the first and last day. A call is before its analysis, so the first day prunes rows too."""
    today = backend.clock().date()
    last = today if until is None else day_of("until", until)
    if since is None:
        return planned_on or last - timedelta(days=DAYS), last
    first = day_of("since", since)
    if first > last:
        raise InvalidOperation(f"invalid days: {first} is after {last}")
    return first, last


def day_of(name: str, text: str) -> date:
    """Return a day as date. Raises `InvalidOperation`, naming the field."""
    try:
        day = date.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise InvalidOperation(f"invalid {name} {text!r}: use a day, such as 2026-01-31") from error
    if not FIRST_DAY <= day <= LAST_DAY:
        raise InvalidOperation(f"invalid {name} {text!r}: use a day from {FIRST_DAY} to {LAST_DAY}")
    return day


def _known_values(
    analysis: Analysis,
    closed: Sequence[str],
    values: Mapping[str, str | None],
    attributes: Mapping[str, str],
) -> dict[str, str | None]:
    for column in values:
        if column not in closed:
            raise InvalidOperation(
                f"invalid column {column!r}: {analysis.name} has no closed column of this name; use "
                f"{', '.join(closed) or 'another analysis'}"
            )
    for attribute in attributes:
        if attribute not in analysis.attributes:
            known = ", ".join(analysis.attributes) or "none"
            raise InvalidOperation(
                f"invalid attribute {attribute!r}: {analysis.name} has these: {known}"
            )
    for value in (*values.values(), *attributes.values()):
        if value is not None and len(value) > LONGEST:
            raise InvalidOperation(f"a value has at most {LONGEST} characters")
    return dict(values)


def _closed_values(analysis: Analysis, closed: Sequence[str]) -> dict[str, list[str]]:
    nodes = {name: analysis.nodes[name] for name in closed}
    return {
        name: ["true", "false"] if node.kind == "boolean" else sorted(map(str, node.values or ()))
        for name, node in nodes.items()
    }


def _text_columns(analysis: Analysis) -> list[str]:
    closed = analysis.closed_columns
    return [
        name
        for name, kind, mode in analysis.output_columns
        if (kind, mode) == ("STRING", "NULLABLE") and name not in closed
    ]


def _planned_ids(backend: Backend, id_: str, since: date) -> list[str]:
    params = {"any_id": id_, "since": since - timedelta(days=7)}
    rows = backend.dependencies.tracking.query("planned_ids", params)
    return [row["record_id"] for row in rows]


def _unplanned(backend: Backend, id_: str) -> list[str]:
    """Look for an id of the source system in the source; record ids are not compared there."""
    rows = backend.dependencies.tracking.query("source_ids", {"any_id": id_})
    return [row["record_id"] for row in rows][:MOST]


def _place(record: FoundRecord) -> str:
    """Write where a page ends, for an address: it holds ids and a time alone."""
    place = [record.happened_at.isoformat(), record.record_id, record.run_id]
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode()


def _cursor(after: str | None) -> dict[str, Any]:
    if after is None:
        return {"found_before": None, "after_record": None, "after_run": None}
    try:
        text = base64.b64decode(after.encode("ascii"), altchars=b"-_", validate=True)
        at, record_id, run_id = msgspec.json.decode(text, type=tuple[datetime, str, str])
    except (ValueError, msgspec.MsgspecError) as error:
        raise InvalidOperation(
            "this page of the search is unknown: begin with the first"
        ) from error
    return {"found_before": at, "after_record": record_id, "after_run": run_id}
