"""Compare two sides record by record: runs, analysis versions, golden sets, files of labels."""

from collections.abc import Sequence
from typing import Any

import msgspec

from handlers.runs.plan_params import redaction_of
from tracking import SourceReading
from tracking.comparison import (
    MOST_RECORDS,
    RECORD,
    Compared,
    comparison_names,
    record_names,
    words_below,
)
from troupe.operations.backend import Backend, InvalidOperation
from troupe.quality.assemble import (
    PairCount,
    by_column,
    column_comparison,
    identical_records,
    records_in_common,
    side_summary,
    worst_records,
)
from troupe.quality.compared_columns import NotCompared, chosen, in_common
from troupe.quality.comparison import Comparison, DifferingRecord, DifferingValue

from .compare_sides import Side, pair_keys, sides_of

SHOWN = 10
"""Differing records, unless another number is asked for."""


def compare(
    backend: Backend,
    a: str,
    b: str,
    columns: Sequence[str] | None = None,
    limit: int = SHOWN,
    show: bool = False,
    analysis: str | None = None,
) -> Comparison:
    """Compare the records that both sides have.

    A side is a run id, an analysis, `run:ID`, `analysis:NAME`, `golden:NAME@VERSION`, or `labels:PATH`.
    `show` adds the transcripts of the differing records; `analysis` is whose schema files of labels
    have. Raises `InvalidOperation` for sides that cannot be compared.
    """
    if not 0 <= limit <= MOST_RECORDS:
        raise InvalidOperation(f"invalid --limit {limit}: use 0 to {MOST_RECORDS}")
    side_a, side_b = sides_of(backend, a, b, analysis)
    compared, left_out = _columns(side_a, side_b, columns)
    pairing = _Pairing(side_a, side_b, compared)
    tracking = backend.dependencies.tracking
    counts = by_column(
        tracking.rows(
            "compare_sides", PairCount, pairing.params, **comparison_names(*pairing.sql, compared)
        )
    )
    first, second = side_summary(side_a, "a", counts), side_summary(side_b, "b", counts)
    records = records_in_common(counts)
    if not records:
        raise InvalidOperation(
            f"no record is on both sides: {first.name} has {_records(first.records)}, "
            f"{second.name} has {_records(second.records)}"
        )
    for side, only_here in ((side_a, first.only_here), (side_b, second.only_here)):
        if side.keys != (RECORD,) and records > side.size - only_here:
            raise InvalidOperation(
                f"{side.name}: {' and '.join(side.keys)} names several records; add further ids, or "
                "record_id"
            )
    labels = side_a.is_labels, side_b.is_labels
    return Comparison(
        a=first,
        b=second,
        records=records,
        identical=identical_records(counts),
        columns=[column_comparison(each, counts.get(each.name, ()), labels) for each in compared],
        not_compared=left_out,
        differing=_differing(backend, pairing, worst_records(counts, limit), show=show),
    )


class _Pairing:
    """Two sides as SQL with their parameters."""

    def __init__(self, a: Side, b: Side, columns: Sequence[Compared]) -> None:
        keys = pair_keys(a, b)
        self.a, self.b, self.columns = a, b, columns
        self.sql = a.rows("a", columns, keys), b.rows("b", columns, keys)
        self.params: dict[str, Any] = {
            **a.params_of("a"),
            **b.params_of("b"),
            "words_below": words_below(min(a.size, b.size)),
        }


def _columns(
    a: Side, b: Side, wanted: Sequence[str] | None
) -> tuple[list[Compared], list[NotCompared]]:
    """Return the columns to compare, and those that cannot be. Raises `InvalidOperation`."""
    names = (a.name, b.name)
    common, left_out = in_common(a.columns, b.columns, names)
    known = {each.name for each in common}
    reasons = {each.column: each.why for each in left_out}
    for name in wanted or ():
        if name not in known:
            why = reasons.get(name, "neither side has it")
            raise InvalidOperation(
                f"invalid --columns {name!r}: {why}; both have {', '.join(sorted(known)) or 'none'}"
            )
    if not common:
        raise InvalidOperation(f"{a.name} and {b.name} have no column in common")
    return list(chosen(common, wanted)), left_out


class _DifferingPair(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/quality/compare_records.sql`."""

    record_id: str
    column_name: str
    a: str | None
    b: str | None
    relation: str


class _Transcript(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/quality/sample_of_source.sql`."""

    record_id: str
    transcript: str


def _differing(
    backend: Backend, pairing: _Pairing, record_ids: list[str], *, show: bool
) -> list[DifferingRecord]:
    """Read both values of these few records."""
    if not record_ids:
        return []
    names = record_names(*pairing.sql, pairing.columns)
    params = {**pairing.params, "record_ids": record_ids}
    rows = backend.dependencies.tracking.rows("compare_records", _DifferingPair, params, **names)
    columns = {each.name: (at, each) for at, each in enumerate(pairing.columns)}
    values: dict[str, list[DifferingValue]] = {}
    for row in sorted(rows, key=lambda row: columns[row.column_name][0]):
        is_shown = show or columns[row.column_name][1].is_shown
        values.setdefault(row.record_id, []).append(
            DifferingValue(
                column=row.column_name,
                a=row.a if is_shown else _masked(row.a),
                b=row.b if is_shown else _masked(row.b),
                rejected=row.relation == "rejected",
            )
        )
    texts = _transcripts(backend, pairing, record_ids) if show else {}
    return [
        DifferingRecord(record_id=id_, values=values[id_], transcript=texts.get(id_))
        for id_ in record_ids
        if id_ in values
    ]


def _masked(value: str | None) -> str | None:
    """What is shown of a value that may name a person."""
    return None if value is None else f"({len(value):,} characters)"


def _transcripts(backend: Backend, pairing: _Pairing, record_ids: list[str]) -> dict[str, str]:
    """The transcripts that the source still has, redacted by the rules of the analysis."""
    stored = pairing.b if pairing.a.is_labels else pairing.a
    reading = SourceReading(redaction=redaction_of(stored.analysis))
    tracking = backend.dependencies.tracking
    params = {"sample": len(record_ids), "seed": "0", "record_ids": record_ids, **reading.params()}
    rows = tracking.rows("sample_of_source", _Transcript, params, **tracking.names(reading))
    return {row.record_id: row.transcript for row in rows}


def _records(count: int) -> str:
    return "no record" if not count else f"{count:,} record{'' if count == 1 else 's'}"
