"""What the tables take: names and shapes of an answer, checked before anything is spent.

Most rules are BigQuery's, which knows no difference between small and capital letters in the
names of columns and fields. The others come from the statements that store and count answers,
where the columns of an answer stand beside columns of theirs.
"""

import re
from collections.abc import Iterator

from analysis.reading.reading import Reading
from analysis.schema import Node

_TABLE = re.compile(r"[a-z][a-z0-9_]{0,127}")
_COLUMN = re.compile(r"[a-z][a-z0-9_]{1,127}")
LINEAGE = frozenset(
    {
        "phone_number_token", "referenceid", "interactionid", "event_timestamp", "record_id",
        "run_id", "batch", "attempt", "model", "analysis", "grounding", "cost", "analysed_at",
    }
)  # fmt: skip
"""Columns that every output table has, in small letters."""
_BESIDE = frozenset({"job", "error", "copies", "is_requested", "word", "value"})
"""Names that answers meet on their way: in staging, in closing and in counting."""


def table_problems(table: str) -> Iterator[str]:
    """What is wrong with the name of an output table."""
    if not _TABLE.fullmatch(table):
        yield (
            f"table {table!r}: small letters, digits and _ only, a letter first, "
            "at most 128 characters"
        )


def column_problems(column: str) -> Iterator[str]:
    """What is wrong with the name of a column."""
    if not _COLUMN.fullmatch(column):
        # Statements call their tables by single letters; BigQuery keeps several names with a
        # leading _ for itself.
        yield (
            f"the column {column!r} cannot be written: small letters, digits and _ only, "
            "a letter first, 2 to 128 characters"
        )
    elif hasattr(Reading, column) or column in LINEAGE:
        yield f"the column {column!r} has the name of one that every row has; rename it"
    elif column in _BESIDE:
        yield f"the column {column!r} has a name that Troupe's own statements use; rename it"


def shape_problems(node: Node) -> Iterator[str]:
    """What of a schema no table can store."""
    yield from _same_names(node)
    for child in (node.properties or {}).values():
        if child.kind == "object":
            yield from shape_problems(child)
        elif child.items:
            yield from _entry_problems(child.items)


def _same_names(node: Node) -> Iterator[str]:
    first: dict[str, str] = {}
    for name in node.properties or {}:
        other = first.setdefault(name.lower(), name)
        if other != name:
            yield (
                f"{node.path or 'the schema'}: {other!r} and {name!r} differ only in case, "
                "which BigQuery does not tell apart; rename one"
            )


def _entry_problems(entry: Node) -> Iterator[str]:
    """A list becomes a REPEATED column: of scalars, or of records."""
    if entry.optional:
        yield f"{entry.path}: BigQuery stores no null in a list; remove nullable"
    if entry.kind == "array":
        yield f"{entry.path}: BigQuery stores no list in a list; make one list of both"
    yield from _same_names(entry)
    for field in (entry.properties or {}).values():
        if field.kind == "object" or (field.items and field.items.kind == "object"):
            yield (
                f"{field.path}: an object inside the objects of a list cannot be stored; "
                "put its properties beside the others"
            )
        elif field.items:
            yield from _entry_problems(field.items)
