"""The source table of the local backend: its columns, and the SQL that adds the rows of files."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb

from tracking import Source
from tracking.tables import Column, columns_of

from .duckdb_tables import read_json


class StagedRows(NamedTuple):
    """Checked rows in a file of NDJSON."""

    path: Path
    longest: int
    """Bytes of the longest line."""


def source_problem(db: duckdb.DuckDBPyConnection, source: Source) -> str:
    """Return why a table of the user cannot be the source; empty if it can."""
    if source == Source():
        return ""  # created with the others
    columns = "SELECT lower(column_name) FROM duckdb_columns() WHERE table_name = $1"
    known = {name for (name,) in db.execute(columns, [source.table.rpartition(".")[2]]).fetchall()}
    if not known:
        remedy = "create it there, or unset TROUPE_SOURCE_TABLE"
        return f"the warehouse has no table {source.table}: {remedy}"
    for ours, theirs in source.column_names().items():
        if theirs.lower() not in known:
            remedy = "name it with TROUPE_SOURCE_<COLUMN>"
            return f"{source.table} has no column {theirs} (for {ours}): {remedy}"
    return ""


def insert_source(file: StagedRows, source: Source, further: Sequence[Column]) -> str:
    """Return the statement that adds the rows, with these columns beside those of ours."""
    table = ".".join(f'"{part}"' for part in source.table.split("."))
    names = source.column_names()
    extra = [column.name for column in further]
    theirs = ", ".join(f'"{name}"' for name in (*names.values(), *extra))
    # Rows have the names of further columns in lower case.
    ours = ", ".join([*(f'"{name}"' for name in names), *map(_further_value, further)])
    read = [Column(name=c.name.lower(), type=_READ_AS.get(c.type, c.type)) for c in further]
    columns = (*columns_of(Source().table), *read)
    # DuckDB allocates twice the limit of a row for each thread: 200 MB of short rows ran out of it.
    rows = read_json(file.path, columns, max(file.longest + 1, 1 << 20))
    return f"INSERT INTO {table} ({theirs}) SELECT {ours} FROM {rows}"  # noqa: S608


_READ_AS = {"TIMESTAMP": "STRING"}


def _further_value(column: Column) -> str:
    name = f'"{column.name.lower()}"'
    # Read or cast to a TIMESTAMP, a text would lose its zone.
    is_time = column.type == "TIMESTAMP"
    return f"make_timestamp(epoch_us(CAST({name} AS TIMESTAMPTZ)))" if is_time else name
