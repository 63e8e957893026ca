"""A file of labels: what people say is right, by record, for any columns of an analysis."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from analysis import Analysis
from analysis.column_checks import LINEAGE
from events.commands import EXPECTED, RECORD_ID
from troupe.transcript_files.columns import word
from troupe.transcript_files.content import Kind, opened
from troupe.transcript_files.errors import BadFile, Refused
from troupe.transcript_files.json_values import RefusedLine, json_values
from troupe.transcript_files.names import plain
from troupe.transcript_files.reader import decode_object, table_rows

from .label_values import LabelColumn, WrongValue, label_columns, nearest, shown

RECORD = "record_id"
PERSON = "phone_number_token"
"""The id column that names a person, and is shown nowhere."""
FIELDS = {
    RECORD: "record_id",
    "interactionId": "interaction_id",
    "referenceId": "reference_id",
    PERSON: "phone_number_token",
}
"""Key column to the field of a record of the source, the most selective one first."""
ID_COLUMNS = (PERSON, "interactionId", "referenceId")
_KEYS = {plain(name): name for name in (RECORD, *ID_COLUMNS)}
_IGNORED = {plain(name) for name in (*LINEAGE, "transcript", "direction", "provider")} - {*_KEYS}
"""Columns of tables of ours that are no labels: they may stand beside them."""
_SIMILAR = 0.75
"""From this likeness on an unknown column is taken for a typo."""
MOST_PROBLEMS = 10
"""Problems of a file that an error lists."""


class BadLabels(Exception):
    """The file holds no labels that can be used; the text names file, line, column and remedy."""


class LabelRow(msgspec.Struct, frozen=True):
    """The labels of one record."""

    key: tuple[str | None, ...]
    """Values of the key columns."""
    values: dict[str, Any]
    """Column to label. None is the label "none", `{"not": VALUE}` says that VALUE is wrong, and
    `{"other_than": VALUE}` that any other value is right."""
    line: int = 0
    """Where it is in its file: the line, or the row of a table, from 1."""


class Labels(msgspec.Struct, frozen=True):
    """The labels of a file, checked against the schema of an analysis."""

    key_columns: tuple[str, ...]
    """`record_id` alone, or some of phone_number_token, interactionId and referenceId."""
    columns: tuple[str, ...]
    """Columns that have a label in some row, in the order of the table."""
    rows: list[LabelRow]
    normalised: dict[str, int] = {}
    """Column to how many labels were an equivalent of what the schema has, such as `Positive`."""
    repeated: int = 0
    """Lines that say the same of a record as an earlier line, and are left out."""
    unused: tuple[str, ...] = ()
    """Columns of the file that are no columns of the analysis."""


class _Line(NamedTuple):
    number: int
    fields: Mapping[str, Any]
    is_text: bool
    """Whether the file has no types: an empty cell is no label."""


class _Header(NamedTuple):
    """What the names of a line are."""

    keys: Mapping[str, str]
    """Key column to the name in the file."""
    labels: Mapping[str, LabelColumn]
    """Name in the file to column."""


def read_labels(path: Path, analysis: Analysis, name: str = "") -> Labels:
    """Read a file of labels: JSON Lines, JSON, CSV, Parquet or Excel, gzip or zstd.

    `name` is what errors call the file. Raises `BadLabels` with at most `MOST_PROBLEMS` problems.
    """
    return _Reading(name or str(path), label_columns(analysis), analysis.name).read(path)


class _Reading:
    """One file that is read."""

    def __init__(self, name: str, columns: Mapping[str, LabelColumn], analysis: str) -> None:
        self._name, self._columns, self._analysis = name, columns, analysis
        self._headers: dict[tuple[str, ...], _Header] = {}
        self._key_columns: tuple[str, ...] = ()
        self._rows: dict[tuple[str | None, ...], LabelRow] = {}
        self._normalised: dict[str, int] = {}
        self._unused: dict[str, None] = {}
        self._problems: list[str] = []
        self._repeated = 0

    def read(self, path: Path) -> Labels:
        try:
            for line in _lines(path, self._name, self._chosen):
                self._add(line)
                if len(self._problems) >= MOST_PROBLEMS:
                    break
        except RefusedLine as refused:
            self._problems.append(f"{self._name}, line {refused.line}: {refused}")
        except BadFile as error:
            self._problems.append(str(error).removesuffix("; nothing was loaded"))
        except Refused as refused:
            self._problems.append(f"{self._name}: {refused}")
        if not self._problems and not self._rows:
            self._problems.append(
                f"{self._name}: it has no labels of {self._analysis}: give a line for each record, "
                f"with an id and some of {', '.join(self._columns)}"
            )
        if self._problems:
            raise BadLabels("\n".join(self._problems))
        rows = [*self._rows.values()]
        labelled = {column for row in rows for column in row.values}
        columns = tuple(column for column in self._columns if column in labelled)
        return Labels(
            self._key_columns, columns, rows, self._normalised, self._repeated, (*self._unused,)
        )

    def _add(self, line: _Line) -> None:
        try:
            header = self._header(line.fields)
            key = self._key(header, line.fields)
        except Refused as refused:
            self._report(line, str(refused))
            return
        values = {}
        for name, column in header.labels.items():
            value = line.fields[name]
            if line.is_text and (value is None or value != value or value == ""):
                continue
            try:
                values[column.name], is_other = column.read(value, is_text=line.is_text)
            except WrongValue as wrong:
                self._report(line, f"{name}: {wrong}")
                continue
            if is_other:
                self._normalised[column.name] = self._normalised.get(column.name, 0) + 1
        self._keep(line, key, values)

    def _keep(self, line: _Line, key: tuple[str | None, ...], values: dict[str, Any]) -> None:
        if not values:
            return
        before = self._rows.setdefault(key, LabelRow(key, values, line.number))
        if before.line == line.number:
            return
        if before.values != values:
            self._report(
                line, f"line {before.line} has other labels of the same record; remove one of them"
            )
        self._repeated += 1

    def _header(self, fields: Mapping[str, Any]) -> _Header:
        names = tuple(fields)
        if names not in self._headers:
            self._headers[names] = self._bind(names)
        return self._headers[names]

    def _chosen(self, names: list[str]) -> dict[str, str]:
        """Return the names of a table that are read, each under itself. Raises `Refused`."""
        header = self._header(dict.fromkeys(names))
        return {name: name for name in (*header.keys.values(), *header.labels)}

    def _bind(self, names: tuple[str, ...]) -> _Header:
        """Find out what the names are. Raises `Refused` for one that may be a typo of a column."""
        keys = {_KEYS[plain(name)]: name for name in names if plain(name) in _KEYS}
        if RECORD in keys:
            for name in (each for column, each in keys.items() if column != RECORD):
                self._unused[name] = None
            keys = {RECORD: keys[RECORD]}
        columns = tuple(sorted(keys, key=[RECORD, *ID_COLUMNS].index))
        if not columns:
            raise Refused(f"there is no id: give record_id, or one of {', '.join(ID_COLUMNS)}")
        self._key_columns = self._key_columns or columns
        if columns != self._key_columns:
            raise Refused(
                f"its ids are {', '.join(columns)}, and those of earlier lines "
                f"{', '.join(self._key_columns)}: give the same ids on all lines"
            )
        labels = {name: self._columns[name] for name in names if name in self._columns}
        for name in names:
            if name not in labels and plain(name) not in _KEYS and plain(name) not in _IGNORED:
                self._leave_out(name)
        return _Header(keys, labels)

    def _leave_out(self, name: str) -> None:
        near = nearest(name, [*self._columns], _SIMILAR)
        if near:
            raise Refused(
                f"{self._analysis} has no column {shown(name) or 'of this name'}: did you mean "
                f"{near!r}? rename the column, or remove it"
            )
        if shown(name) and len(self._unused) < MOST_PROBLEMS:
            self._unused[name] = None

    def _key(self, header: _Header, fields: Mapping[str, Any]) -> tuple[str | None, ...]:
        key: list[str | None] = []
        for column in self._key_columns:
            try:
                key.append(word(fields[header.keys[column]]) or None)
            except Refused as refused:
                raise Refused(f"{column}: {refused}") from refused
        if self._key_columns == (RECORD,) and key[0] and not re.match(RECORD_ID, key[0]):
            raise Refused(f"invalid {RECORD} {shown(key[0]) or ''}: use {EXPECTED[RECORD_ID]}")
        if not any((each or "").strip() for each in key):
            raise Refused(f"{' and '.join(self._key_columns)} blank: each line needs an id")
        return tuple(key)

    def _report(self, line: _Line, problem: str) -> None:
        self._problems.append(f"{self._name}, line {line.number}: {problem}")


Choose = Callable[[list[str]], Mapping[str, str]]
"""Of the names of a table, those that are read."""


def _lines(path: Path, name: str, choose: Choose) -> Iterator[_Line]:
    """Yield the lines of a file of any kind. Raises `BadFile` and `Refused`."""
    with opened(path, name) as content:
        if content.kind is Kind.JSON:
            for line, text in json_values(content.blocks):
                try:
                    yield _Line(line, decode_object(text), is_text=False)
                except Refused as refused:
                    raise RefusedLine(line, str(refused)) from refused
            return
    table = table_rows(content, path, name, (RECORD,), choose, lambda _: None)
    for number, fields in table:
        yield _Line(number, fields, is_text=True)
