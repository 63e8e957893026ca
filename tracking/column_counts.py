"""Parts of the query that counts the columns of an analysis of any kind."""

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
"""The least step from one bar to the next."""


class Counted(Protocol):
    """A column of the output table, and what of it is counted."""

    @property
    def column(self) -> str: ...
    @property
    def shows(self) -> str:
        """Rows by `values`, entries by `items`, rows by `numbers` or by `lengths` of lists."""
        ...

    @property
    def is_whole(self) -> bool: ...


def counts_sql(columns: Sequence[Counted], output: str) -> str:
    """The parts of `queries/column_counts.sql`, one for each column, by its place."""
    parts = (_part(each, at, table_name(output)) for at, each in enumerate(columns))
    return "\nUNION ALL\n".join(parts)


def _part(counts_sql: Counted, at: int, output: str) -> str:
    column = column_name(counts_sql.column)
    return fragment(
        _FRAGMENTS[counts_sql.shows],
        at=str(at),
        column=column,
        number=f"ARRAY_LENGTH(t.{column})" if counts_sql.shows == "lengths" else f"t.{column}",
        least_step=_WHOLE if counts_sql.is_whole else _ANY,
        output=output,
    )
