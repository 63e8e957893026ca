"""SQL that counts the values of an analysis's columns, whatever its schema is."""

from collections.abc import Sequence
from typing import Protocol

from .statements import column_name, fragment, table_name

_FRAGMENTS = {
    "values": "count_values",
    "items": "count_items",
    "numbers": "count_numbers",
    "lengths": "count_numbers",
}
_WHOLE, _ANY = "1.0", "0.0"
"""Smallest width of a bin: 1 for whole numbers, no minimum for others."""


class Counted(Protocol):
    """A column of the output table, and how it is counted."""

    @property
    def column(self) -> str: ...
    @property
    def shows(self) -> str:
        """`values` counts rows by value, `items` entries of lists, `numbers` rows in bins of a
        number, `lengths` rows in bins of a list's length."""
        ...

    @property
    def is_whole(self) -> bool: ...
    @property
    def field(self) -> str | None:
        """The field of a repeated record whose values are counted; None counts the entries."""
        ...


def counts_sql(columns: Sequence[Counted], output: str) -> str:
    """Build the body of `queries/answers/column_counts.sql`: one SELECT per column, numbered from 0."""
    parts = (_part(each, at, table_name(output)) for at, each in enumerate(columns))
    return "\nUNION ALL\n".join(parts)


def _part(counted: Counted, at: int, output: str) -> str:
    column = column_name(counted.column)
    return fragment(
        _FRAGMENTS[counted.shows],
        at=str(at),
        column=column,
        entry=f"i.{column_name(counted.field)}" if counted.field else "i",
        number=f"ARRAY_LENGTH(t.{column})" if counted.shows == "lengths" else f"t.{column}",
        least_step=_WHOLE if counted.is_whole else _ANY,
        output=output,
    )
