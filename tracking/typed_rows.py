"""Rows of a query as msgspec Structs, so that a misspelt column is an error and not an empty cell."""

from collections.abc import Sequence
from dataclasses import fields
from typing import TypeVar

import msgspec

from .results import Row, WaitingAttempt

T = TypeVar("T")


class ColumnMismatch(Exception):
    """The rows of a query do not fit their Struct; the text names query, row and column."""


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


def typed_row(kind: type[T], row: Row) -> T:
    """Convert a row to `kind`; columns that are not its fields are left out."""
    known = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in row.items() if name in known})


def waiting_attempt(row: Row) -> WaitingAttempt:
    """Convert a row of `queries/waiting_attempts.sql`, whose lists are joined by blanks."""
    lists = {name: tuple((row[name] or "").split()) for name in ("jobs", "ends")}
    return typed_row(WaitingAttempt, row | lists)
