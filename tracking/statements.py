"""The SQL statements: one file per query or transaction, composed from shared fragments.

`{name}` in a file stands for a fragment, or for a table or column that the user configures. Values
are never inserted into the text: they are parameters, written `@name`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, TypeVar

import msgspec

from .results import Row
from .tables import OUTPUT, layouts
from .warehouse import Warehouse

_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]{0,299}$")
_TABLE = re.compile(r"^[A-Za-z0-9_-]{1,300}(\.[A-Za-z0-9_-]{1,300}){0,2}$")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_CREATED = re.compile(r"^(?:CREATE TEMP TABLE )?(\w+) AS(?: \()?$", re.MULTILINE)
"""The start of a temporary table or of a WITH item, each on a line of its own."""


class BadName(ValueError):
    """A configured table or column has a name that could break out of its back quotes."""


class ColumnMismatch(Exception):
    """The rows of a query do not fit their type; the text names query, row and column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The source table of the transcripts, and the names of its columns."""

    table: str = "transcription_pass_2"
    """`table`, `dataset.table` or `project.dataset.table`."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Our column name to the source's, for columns whose names differ."""

    def names(self) -> dict[str, str]:
        """Quote the table and every column for SQL. Raises `BadName` for an invalid name."""
        unknown = set(self.columns) - set(_COLUMNS)
        if unknown:
            raise BadName(f"source has no column {sorted(unknown)[0]}: use {', '.join(_COLUMNS)}")
        columns = {ours: column_name(self.columns.get(ours, its)) for ours, its in _COLUMNS.items()}
        return {"source": table_name(self.table), **columns}

    def column_names(self) -> dict[str, str]:
        """Return the name in the source of each column of `transcription_pass_2`."""
        return {its: self.columns.get(ours, its) for ours, its in _COLUMNS.items()}


_COLUMNS = {
    "phone_number_token": "phone_number_token",
    "interaction_id": "interactionId",
    "reference_id": "referenceId",
    "transcript": "transcript",
    "direction": "direction",
    "provider": "provider",
    "event_timestamp": "event_timestamp",
}


def table_name(name: str) -> str:
    """Quote a table name for SQL. Raises `BadName` for any other text."""
    if not _TABLE.fullmatch(name):
        raise BadName(f"invalid table {name!r}: use table, dataset.table or project.dataset.table")
    return f"`{name}`"


def column_name(name: str) -> str:
    """Quote a column name for SQL. Raises `BadName` for any other text."""
    if not _NAME.fullmatch(name):
        raise BadName(f"invalid column {name!r}: use letters, digits and _, with no digit first")
    return f"`{name}`"


def query(name: str, **names: str) -> str:
    """Read and compose the text of one query; only its parameters are left open."""
    return _filled(statement_text("queries", name), names)


def transaction(name: str, **names: str) -> str:
    """Read and compose the text of one transaction; only its parameters are left open."""
    return _filled(statement_text("transactions", name), names)


def fragment(name: str, **names: str) -> str:
    """Read and compose a part of a statement, which the caller inserts."""
    return _filled(statement_text("fragments", name), names).rstrip()


def _filled(text: str, names: Mapping[str, str]) -> str:
    def fill(placeholder: re.Match[str]) -> str:
        name = placeholder.group(1)
        value = names.get(name)
        return (
            value
            if value is not None
            else _filled(statement_text("fragments", name), names).rstrip()
        )

    return _PLACEHOLDER.sub(fill, text)


@cache
def statement_text(folder: str, name: str) -> str:
    """Read a file of a folder by its name, without `.sql`, as it is written."""
    return _files(folder)[name].read_text(encoding="utf-8")


def statement_names(folder: str) -> list[str]:
    """List the files of one folder by name, without `.sql`."""
    return sorted(_files(folder))


@cache
def _files(folder: str) -> dict[str, Traversable]:
    """Find the files of a folder by name, in whatever folder of it they are."""
    found, folders = {}, [files(__package__).joinpath(folder)]
    for each in folders:
        for file in each.iterdir():
            if file.is_dir():
                folders.append(file)
            elif file.name.endswith(".sql"):
                found[file.name.removesuffix(".sql")] = file
    return found


@cache
def reserved_tables() -> frozenset[str]:
    """List the names that a user's output table may not have.

    A temporary table or WITH item of a statement hides a table of the same name, so rows meant for
    the output table would go into it.
    """
    texts = [
        statement_text(folder, name)
        for folder in ("transactions", "queries")
        for name in statement_names(folder)
    ]
    created = {name for text in texts for name in _CREATED.findall(text)}
    return frozenset({*layouts(), *statement_names("views"), *created} - {OUTPUT})


T = TypeVar("T")


def convert_rows(rows: Sequence[Row], kind: type[T], name: str) -> list[T]:
    """Convert the rows of `queries/<name>.sql` to `kind`; columns that it lacks are ignored.

    Raises `ColumnMismatch` for a missing column, or a value of another type.
    """
    try:
        return [msgspec.convert(row, kind, strict=False) for row in rows]
    except msgspec.ValidationError as error:
        raise ColumnMismatch(
            f"queries/{name}.sql does not fit {kind.__name__}: {error}; "
            f"correct the column in the query, or the field of {kind.__name__}"
        ) from error


class NamedQueries:
    """Runs the files of `queries/` by name, on one warehouse and one source."""

    def __init__(self, warehouse: Warehouse, source: Mapping[str, str]) -> None:
        self._warehouse = warehouse
        self._source = dict(source)

    def query(self, name: str, params: Mapping[str, Any], **names: str) -> list[Row]:
        """Run a query by name and return its rows untyped."""
        return self._warehouse.query(query(name, **{**self._source, **names}), params)

    def rows(self, name: str, kind: type[T], params: Mapping[str, Any], **names: str) -> list[T]:
        """Run a query by name and return its rows as `kind`. Raises `ColumnMismatch`."""
        return convert_rows(self.query(name, params, **names), kind, name)

    def row(self, name: str, kind: type[T], params: Mapping[str, Any], **names: str) -> T:
        """Run a query that always returns one row. Raises `ColumnMismatch`."""
        return self.rows(name, kind, params, **names)[0]
