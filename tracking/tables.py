"""The tables: one JSON schema file each, from which every backend creates and checks its tables."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
from msgspec.structs import replace

OUTPUT = "transcription_analyzed_transcripts"
"""The output table of the shipped analysis."""
_SQL_TYPES = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column, as BigQuery describes it."""

    name: str
    type: str
    mode: str = "NULLABLE"
    description: str = ""
    fields: "tuple[Column, ...]" = ()


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """Partition, clustering and writers of a table."""

    written_by: str
    partition: str | None = None
    cluster: tuple[str, ...] = ()
    require_partition_filter: bool = False
    expiration_days: int | None = None


@cache
def layouts() -> dict[str, Layout]:
    """Load the layout of every table of the dataset, by table name."""
    return msgspec.json.decode(_read("tables"), type=dict[str, Layout])


@cache
def columns_of(table: str) -> tuple[Column, ...]:
    """Load the columns of a table from its schema file."""
    return msgspec.json.decode(_read(table), type=tuple[Column, ...])


def staged_columns(answer: Column) -> tuple[Column, ...]:
    """Columns of a staging table: how each answer was parsed, then the answer as it is nested."""
    return (*columns_of("staged_answers"), answer)


def columns_at(answer: Column, paths: Mapping[str, str]) -> tuple[Column, ...]:
    """Return the columns that hold the values at these paths of an answer."""
    return tuple(replace(_at(answer, path), name=name) for name, path in paths.items())


def flattened(table: str, answer: Column, paths: Mapping[str, str]) -> str:
    """Write a staging table as SQL with a column for each path of its answers.

    An element of a list keeps its fields in the order of the staging table, by which BigQuery assigns
    them: a test compares it with that of the output table.
    """
    values = {
        name: (_at(answer, path), f"s.answer.{_quoted(path)}") for name, path in paths.items()
    }
    lists = [c for c in columns_of("staged_answers") if c.mode == "REPEATED"]
    values |= {column.name: (column, f"s.{column.name}") for column in lists}
    # Where a list is absent, DuckDB has null and BigQuery the empty list.
    columns = (
        f"{f'IFNULL({value}, [])' if column.mode == 'REPEATED' else value} AS `{name}`"
        for name, (column, value) in values.items()
    )
    replaced = ", ".join(["answer", *(column.name for column in lists)])
    return f"(SELECT s.* EXCEPT ({replaced}), {', '.join(columns)} FROM {table} AS s)"  # noqa: S608


def _at(answer: Column, path: str) -> Column:
    for name in path.split("."):
        answer = next(field for field in answer.fields if field.name == name)
    return answer


def _quoted(path: str) -> str:
    return ".".join(f"`{name}`" for name in path.split("."))


def output_columns(answer: Sequence[Column]) -> tuple[Column, ...]:
    """Columns of an analysis's output table: ids, the columns of the answer, lineage."""
    shipped = columns_of(OUTPUT)
    names = [column.name for column in shipped]
    return (*shipped[:1], *answer, *shipped[names.index("referenceId") :])


def nothing_staged(answer: Sequence[Column]) -> str:
    """Write an empty staging table as SQL, for an attempt without answers."""
    nulls = (
        f"CAST(NULL AS {_sql_type(c)}) AS `{c.name}`"
        for c in (*columns_of("staged_answers"), *answer)
    )
    return f"(SELECT {', '.join(nulls)} FROM (SELECT 1 AS one) WHERE FALSE)"  # noqa: S608


def _sql_type(column: Column) -> str:
    """The column's type in GoogleSQL."""
    if column.type == "RECORD":
        # A field may be called `from` or `end`: in quotes a keyword is a name.
        base = f"STRUCT<{', '.join(f'`{c.name}` {_sql_type(c)}' for c in column.fields)}>"
    else:
        base = _SQL_TYPES.get(column.type, column.type)
    return f"ARRAY<{base}>" if column.mode == "REPEATED" else base


def _read(name: str) -> bytes:
    return files(__package__).joinpath("schemas", f"{name}.json").read_bytes()


def check_row(table: str, row: dict[str, Any]) -> None:
    """Check a row against the table's schema before it is written.

    Raises `ValueError`, which names the table and the column.
    """
    known = {column.name: column for column in columns_of(table)}
    for name in row:
        if name not in known:
            raise ValueError(f"{table} has no column {name}")
    for column in known.values():
        if column.mode == "REQUIRED" and row.get(column.name) is None:
            raise ValueError(f"{table}.{column.name} is missing")
