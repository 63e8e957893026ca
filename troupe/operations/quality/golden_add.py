"""Add a file of labels to a golden set, as a new version of it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from analysis import Analysis
from events import RunRequested
from handlers.dispatch.errors import Redeliver
from tracking.golden_sets import GoldenVersion
from troupe.operations.backend import Backend, InvalidOperation
from troupe.operations.installed import installed_analysis
from troupe.quality.label_values import label_columns
from troupe.quality.labels import BadLabels, read_labels

from .golden_sets import ColumnLabels, count_labels, encode_labels, split_name
from .label_records import LabelledRecord, find_records

MOST_BYTES = 9_000_000
"""Of the labels that one transaction takes: BigQuery takes a request of 10 MB."""
_OF_A_ROW = 100
"""Bytes that BigQuery's API needs beside the values of a row."""
_TRIES = 5


class GoldenAdded(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `add_golden`."""

    golden: str
    version: int
    """The version that was added, or that has these labels already."""
    analysis: str
    added: bool
    """False: the version has the same labels already, or --dry-run."""
    known: bool
    """The newest version has the same labels: nothing changes."""
    records: int
    """Records of the version."""
    changed: int
    """Records that the version before did not have, or had with other labels."""
    dropped: int
    """Records that the version before has, and this one has not."""
    columns: list[ColumnLabels]
    normalised: dict[str, int]
    """Column to how many labels were another spelling of what the schema has."""
    repeated: int
    """Lines that say the same as an earlier line."""
    missing: int
    """Lines that were left out: their record is not in the source."""
    unused: list[str]
    """Columns of the file that are no columns of the analysis."""


class _Next(msgspec.Struct, frozen=True):
    """The version that would follow, and the rows that it needs."""

    version: GoldenVersion
    rows: list[dict[str, Any]]
    content: dict[str, dict[str, Any]]
    changed: int
    dropped: int
    of_version: int | None
    is_known: bool


def add_golden(
    backend: Backend,
    golden: str,
    file: str,
    analysis: str | None = None,
    extend: bool = False,
    allow_missing: bool = False,
    dry_run: bool = False,
    name: str = "",
) -> GoldenAdded:
    """Add a file of labels as the next version of a set; the same labels again change nothing.

    `extend` keeps the labels that the newest version has of other records and columns. `name` is
    what errors call the file. Raises `InvalidOperation`, and then nothing was added.
    """
    if split_name(golden)[1] is not None:
        raise InvalidOperation(f"invalid golden set {golden!r}: a new version gets its number here")
    shown = name or Path(file).name
    chosen = installed_analysis(backend, _analysis_name(backend, golden, analysis, extend=extend))
    try:
        labels = read_labels(Path(file), chosen, shown)
    except BadLabels as error:
        raise InvalidOperation(f"{error}\nnothing was added") from error
    found = find_records(backend, labels, shown, allow_missing=allow_missing)
    if not found.records:
        raise InvalidOperation(f"{shown}: no record is in the source: load the calls first")
    tried, added = 0, False
    for _ in range(_TRIES):
        following = _following(backend, golden, chosen, found.records, extend=extend, after=tried)
        tried = following.version.version
        if following.is_known or dry_run:
            break
        _check_size(shown, following.rows)
        added = _add(backend, following)
        if added:
            break
    else:
        raise InvalidOperation(
            f"others add versions of golden set {golden} at the same time, and nothing was added; "
            "give the command again"
        )
    return GoldenAdded(
        golden=golden,
        version=following.version.version,
        analysis=chosen.name,
        added=added,
        known=following.is_known,
        records=following.version.records,
        changed=following.changed,
        dropped=following.dropped,
        columns=count_labels(following.content.values(), label_columns(chosen)),
        normalised=labels.normalised,
        repeated=labels.repeated,
        missing=len(found.missing),
        unused=list(labels.unused),
    )


def _analysis_name(backend: Backend, golden: str, analysis: str | None, *, extend: bool) -> str:
    """Return the analysis whose schema labels are checked against: that of the set, if it has one."""
    versions = backend.dependencies.tracking.golden_sets.versions(golden)
    if not versions:
        if extend:
            raise InvalidOperation(f"there is no golden set {golden} to extend: leave out --extend")
        return analysis or RunRequested(run_id="").analysis
    if extend and analysis not in (None, versions[0].analysis):
        raise InvalidOperation(
            f"golden set {golden} has labels of {versions[0].analysis}, not of {analysis}: add a "
            "whole new version without --extend, or name another set"
        )
    return analysis or versions[0].analysis


def _following(
    backend: Backend,
    golden: str,
    analysis: Analysis,
    records: Sequence[LabelledRecord],
    *,
    extend: bool,
    after: int,
) -> _Next:
    """Work out the next version; its number is above `after`, which was tried in vain."""
    sets = backend.dependencies.tracking.golden_sets
    last = next(iter(sets.versions(golden)), None)
    rows = sets.rows_of(golden, last.version) if last else []
    before: dict[str, dict[str, Any]] = {row.record_id: json.loads(row.labels) for row in rows}
    given = {record.record_id: record.values for record in records}
    content = given
    if extend:
        content = before | {id_: before.get(id_, {}) | values for id_, values in given.items()}
    changed = {id_ for id_, values in content.items() if before.get(id_) != values}
    labelled = {column for values in content.values() for column in values}
    digest = _hash(analysis.name, content)
    is_known = last is not None and last.content_hash == digest
    number = last.version if is_known and last else max(after, last.version if last else 0) + 1
    tokens = {record.record_id: record.phone_number_token for record in records}
    return _Next(
        GoldenVersion(
            golden=golden,
            version=number,
            analysis=analysis.name,
            records=len(content),
            label_columns=",".join(column for column in analysis.columns if column in labelled),
            content_hash=digest,
            added_at=None,
        ),
        rows=[
            {
                "record_id": id_,
                "phone_number_token": tokens[id_],
                "labels": encode_labels(content[id_]),
            }
            for id_ in sorted(given)
            if id_ in changed or not extend
        ],
        content=content,
        changed=0 if is_known else len(changed),
        dropped=len(before.keys() - content.keys()),
        of_version=last.version if extend and last else None,
        is_known=is_known,
    )


def _hash(analysis: str, content: Mapping[str, Mapping[str, Any]]) -> str:
    """Hash a version; the order of its records does not count."""
    lines = [analysis, *(f"{id_} {encode_labels(content[id_])}" for id_ in sorted(content))]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:32]


def _check_size(file: str, rows: Sequence[Mapping[str, str | None]]) -> None:
    size = sum(
        _OF_A_ROW + sum(len((value or "").encode()) for value in row.values()) for row in rows
    )
    if size > MOST_BYTES:
        parts = -(-size // MOST_BYTES)
        raise InvalidOperation(
            f"{file}: {len(rows):,} records with {size / 1e6:.1f} MB of labels, and BigQuery takes "
            f"{MOST_BYTES / 1e6:.0f} MB at once: split the file into {parts} parts or more, and add "
            "all but the first with --extend; nothing was added"
        )


def _add(backend: Backend, following: _Next) -> bool:
    sets = backend.dependencies.tracking.golden_sets
    try:
        return sets.add(following.version, following.rows, following.of_version)
    except Redeliver as error:
        raise InvalidOperation(
            f"the version was not added ({error}); give the command again, which adds it once"
        ) from error
