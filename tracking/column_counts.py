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


def counted(columns: Sequence[Counted], output: str) -> str:
    """The parts of `queries/glance.sql`, one for each column, by its place."""
    parts = (_part(each, at, table_name(output)) for at, each in enumerate(columns))
    return "\nUNION ALL\n".join(parts)


def _part(counted: Counted, at: int, output: str) -> str:
    column = column_name(counted.column)
    return fragment(
        _FRAGMENTS[counted.shows],
        at=str(at),
        column=column,
        number=f"ARRAY_LENGTH(t.{column})" if counted.shows == "lengths" else f"t.{column}",
        least_step=_WHOLE if counted.is_whole else _ANY,
        output=output,
    )
