"""The sides of a comparison: what the user named, and what it is here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import msgspec

from analysis import Analysis
from tracking.comparison import (
    RECORD,
    Compared,
    Letter,
    rows_of_golden,
    rows_of_labels,
    rows_of_run,
    rows_of_version,
)
from tracking.statements import table_name
from troupe.operations.backend import Backend, InvalidOperation
from troupe.operations.installed import installed_analysis
from troupe.operations.runs import analysis_of, plan_of, run_rows
from troupe.quality.compared_columns import comparable
from troupe.quality.labels import FIELDS, BadLabels, Labels, read_labels

from .golden_sets import encode_labels, find_version

Kind = Literal["run", "analysis", "golden", "labels"]
FILE = "labels:"
"""Begins a side that is a file; the path follows."""
GOLDEN = "golden:"
LARGEST_LABELS = 8_000_000
"""Bytes of labels in a parameter: BigQuery takes requests of 10 MB."""
EXPECTED = "a run, an analysis version, golden:NAME, or a file of labels"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of a comparison."""

    name: str
    """As reports call it."""
    kind: Kind
    analysis: Analysis
    columns: Mapping[str, Compared]
    """The columns that it has."""
    params: Mapping[str, Any]
    """Parameters of its rows, without the letter of the side at their end."""
    rows: Callable[[Letter, Sequence[Compared], Sequence[str]], str]
    """Writes its rows as SQL: letter, columns, and the columns by which both name a record."""
    keys: tuple[str, ...] = (RECORD,)
    """The columns by which it names a record."""
    size: int = 0
    """How many records it has, about."""
    notes: tuple[str, ...] = ()
    """What a reader of the comparison should know about it."""

    @property
    def is_labels(self) -> bool:
        return self.kind in ("golden", "labels")

    def params_of(self, letter: Letter) -> dict[str, Any]:
        return {f"{name}_{letter}": value for name, value in self.params.items()}


def sides_of(backend: Backend, a: str, b: str, analysis: str | None) -> tuple[Side, Side]:
    """Find both sides. Raises `InvalidOperation` for one that does not exist, or the same twice.

    A file of labels is read by the schema of the other side, or of `analysis`.
    """
    known = {given: _found(backend, given) for given in (a, b) if not given.startswith(FILE)}
    named = installed_analysis(backend, analysis) if analysis else None
    of_file = named or next((side.analysis for side in known.values()), None)
    of_file = of_file or installed_analysis(backend, "call_review_v1")
    side_a, side_b = (known.get(given) or _file(given, of_file) for given in (a, b))
    is_same = (side_a.kind, side_a.params) == (side_b.kind, side_b.params)
    # Two raters may agree on everything.
    if a == b or (is_same and side_a.kind != "labels"):
        raise InvalidOperation(f"both sides are {side_a.name}: name two different ones")
    return side_a, side_b


def pair_keys(a: Side, b: Side) -> tuple[str, ...]:
    """Return the columns by which the sides name a record. Raises `InvalidOperation`."""
    if a.keys == b.keys:
        return a.keys
    for one, other in ((a, b), (b, a)):
        if one.keys == (RECORD,) and not one.is_labels:
            return other.keys
    raise InvalidOperation(
        f"{a.name} names records by {' and '.join(a.keys)}, {b.name} by {' and '.join(b.keys)}: "
        "give both the same ids; `troupe golden add` finds the record ids of a file"
    )


def _found(backend: Backend, given: str) -> Side:
    kind, colon, name = given.partition(":")
    if given.startswith(GOLDEN):
        return _golden(backend, given.removeprefix(GOLDEN))
    if colon and kind not in ("run", "analysis"):
        raise InvalidOperation(f"invalid side {given!r}: use {EXPECTED}")
    if kind == "run" and colon:
        return _run(backend, name)
    if colon or given in backend.dependencies.analyses.names:
        return _version(backend, name if colon else given)
    if backend.dependencies.tracking.plan_of(given) is not None:
        return _run(backend, given)
    raise InvalidOperation(_unknown(backend, given))


def _unknown(backend: Backend, given: str) -> str:
    known = [run.run_id for run in run_rows(backend)] + backend.dependencies.analyses.names
    like = get_close_matches(given, known, n=1, cutoff=0.75)
    meant = f": did you mean {like[0]}?" if like else f": use {EXPECTED};"
    return (
        f"{given!r} is no run and no analysis here{meant} `troupe status` lists the runs, "
        "`troupe analysis list` the analyses"
    )


def _run(backend: Backend, run_id: str) -> Side:
    plan = plan_of(backend, run_id)
    analysis, run = analysis_of(plan), run_rows(backend, run_id)
    notes = []
    if plan.dry_run:
        raise InvalidOperation(f"run {run_id} was a dry run and has no rows: name another run")
    if run and not run[0].is_over:
        notes.append(f"run {run_id} is not over: {run[0].records_open:,} records are open")
    return Side(
        name=run_id, kind="run", analysis=analysis, columns=comparable(analysis),
        params={"run": run_id, "planned_on": plan.planned_on}, size=plan.records, notes=tuple(notes),
        rows=lambda letter, columns, keys: rows_of_run(letter, analysis.table, columns, keys),
    )  # fmt: skip


class _VersionRows(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/answers/version_rows.sql`."""

    stored: int
    records: int


def _version(backend: Backend, name: str) -> Side:
    analysis = installed_analysis(backend, name)
    output = table_name(analysis.table)
    found = backend.dependencies.tracking.row(
        "version_rows", _VersionRows, {"analysis": name}, output=output
    )
    return Side(
        name=name, kind="analysis", analysis=analysis, columns=comparable(analysis),
        params={"analysis": name}, size=found.records,
        rows=lambda letter, columns, keys: rows_of_version(
            letter, analysis.table, columns, keys, repeated=found.stored > found.records
        ),
    )  # fmt: skip


def _golden(backend: Backend, given: str) -> Side:
    found = find_version(backend, given)
    analysis = installed_analysis(backend, found.analysis)
    return Side(
        name=f"{GOLDEN}{found.golden}@{found.version}", kind="golden", analysis=analysis,
        columns={c: each for c, each in comparable(analysis).items() if c in found.columns},
        params={"golden": found.golden, "version": found.version}, size=found.records,
        rows=lambda letter, columns, _keys: rows_of_golden(letter, columns),
    )  # fmt: skip


def _file(given: str, analysis: Analysis) -> Side:
    path = Path(given.removeprefix(FILE))
    try:
        labels = read_labels(path, analysis)
    except BadLabels as error:
        raise InvalidOperation(str(error)) from error
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise InvalidOperation(f"{path}: it cannot be read ({why}); correct the path") from error
    rows = _label_rows(labels)
    size = sum(len(value.encode()) for row in rows for value in row.values() if value)
    if size > LARGEST_LABELS:
        raise InvalidOperation(
            f"{path}: {size / 1e6:,.1f} MB of labels are too many for one request: add it as a golden "
            f"set first, `troupe golden add NAME {path.name}`, and compare with golden:NAME"
        )
    notes = []
    if labels.unused:
        notes.append(f"{path.name}: not columns of {analysis.name}: {', '.join(labels.unused)}")
    return Side(
        name=path.name, kind="labels", analysis=analysis, keys=labels.key_columns,
        columns={c: each for c, each in comparable(analysis).items() if c in labels.columns},
        params={"labels": rows}, size=len(rows), notes=tuple(notes),
        rows=lambda letter, columns, keys: rows_of_labels(letter, columns, keys),
    )  # fmt: skip


def _label_rows(labels: Labels) -> list[dict[str, str | None]]:
    """Return the rows of a file as `@labels_a` takes them."""
    empty: dict[str, str | None] = dict.fromkeys(FIELDS.values())
    rows = []
    for row in labels.rows:
        ids = {FIELDS[key]: value for key, value in zip(labels.key_columns, row.key, strict=True)}
        rows.append(empty | ids | {"labels": encode_labels(row.values)})
    return rows
