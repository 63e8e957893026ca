"""The records of the source that a file of labels names."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from tracking.golden_sets import SourceIds
from troupe.operations.backend import Backend, InvalidOperation
from troupe.quality.labels import FIELDS, MOST_PROBLEMS, PERSON, RECORD, LabelRow, Labels

_LONGEST_ID = 100
"""Characters of an id that an error shows."""


class LabelledRecord(msgspec.Struct, frozen=True):
    """A record of the source with its labels."""

    record_id: str
    phone_number_token: str | None
    values: dict[str, Any]


class FoundRecords(msgspec.Struct, frozen=True):
    """The records that labels name, and the lines that name none."""

    records: list[LabelledRecord]
    missing: list[int]
    """Lines whose record is not in the source."""


def find_records(
    backend: Backend, labels: Labels, file: str, *, allow_missing: bool
) -> FoundRecords:
    """Find the record of each line. Raises `InvalidOperation` with lines that are not clear."""
    found = _found(backend, labels)
    records: dict[str, tuple[LabelRow, LabelledRecord]] = {}
    missing, problems = list[int](), list[str]()
    for row in labels.rows:
        matching = found.get(row.key, [])
        if not matching:
            missing.append(row.line)
            if not allow_missing:
                problems.append(
                    f"line {row.line}: no record of the source has {_shown(labels, row)}"
                )
        elif len(matching) > 1:
            problems.append(
                f"line {row.line}: {len(matching):,} records of the source have "
                f"{_shown(labels, row)}; add {_further(labels)}"
            )
        else:
            record = LabelledRecord(
                matching[0].record_id, matching[0].phone_number_token, row.values
            )
            first, known = records.setdefault(record.record_id, (row, record))
            if known.values != record.values:
                problems.append(
                    f"line {row.line}: line {first.line} has other labels of the same record; "
                    "remove one of them"
                )
    if problems:
        raise InvalidOperation(_listed(file, problems, len(missing)))
    return FoundRecords([record for _, record in records.values()], missing)


def _found(
    backend: Backend, labels: Labels
) -> Mapping[tuple[str | None, ...], Sequence[SourceIds]]:
    """Return the records of the source by the key that labels have of them."""
    ids: dict[str, set[str]] = {}
    for row in labels.rows:
        parameter, value = next(_looked_for(labels, row))
        ids.setdefault(parameter, set()).add(value)
    rows = backend.dependencies.tracking.golden_sets.records_by_id(
        **{name: sorted(values) for name, values in ids.items()}
    )
    names = [FIELDS[column] for column in labels.key_columns]
    found: dict[tuple[str | None, ...], list[SourceIds]] = {}
    for each in rows:
        key = tuple(getattr(each, name) or None for name in names)
        found.setdefault(key, []).append(each)
    return found


def _looked_for(labels: Labels, row: LabelRow) -> Iterator[tuple[str, str]]:
    """Yield each id as a parameter of the query, the most selective one first."""
    values = dict(zip(labels.key_columns, row.key, strict=True))
    for column, field in FIELDS.items():
        value = values.get(column)
        if value:
            yield f"{field}s", value


def _shown(labels: Labels, row: LabelRow) -> str:
    """Name the ids of a row, but for the token of a person."""
    pairs = zip(labels.key_columns, row.key, strict=True)
    return " and ".join(
        f"this {column}" if column == PERSON else f"{column} {(value or '')[:_LONGEST_ID]!r}"
        for column, value in pairs
    )


def _further(labels: Labels) -> str:
    others = [column for column in FIELDS if column not in labels.key_columns]
    return f"{', '.join(others[1:]) or RECORD}, or {RECORD}" if len(others) > 1 else RECORD


def _listed(file: str, problems: Sequence[str], missing: int) -> str:
    lines = [f"{file}, {problem}" for problem in problems[:MOST_PROBLEMS]]
    if len(problems) > MOST_PROBLEMS:
        lines.append(f"and {len(problems) - MOST_PROBLEMS:,} more lines")
    if missing:
        lines.append(
            "correct the ids, load these calls first, or leave them out with --allow-missing"
        )
    return "\n".join([*lines, "nothing was added"])
