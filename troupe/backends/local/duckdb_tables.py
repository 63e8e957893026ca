"""Tables of the schema files in DuckDB: their types, their DDL, and whether a file has them."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import duckdb

from tracking.tables import Column, columns_of, layouts

MACROS = files(__package__).joinpath("macros.sql").read_text(encoding="utf-8")

_LOCAL = """
CREATE TABLE IF NOT EXISTS local_jobs (
  job_id VARCHAR NOT NULL, state VARCHAR NOT NULL, ended_at TIMESTAMP NOT NULL
);
CREATE TABLE IF NOT EXISTS local_staging (name VARCHAR NOT NULL, made_at TIMESTAMP NOT NULL);
"""
"""Tables of the local backend alone."""

_TYPES = {
    "STRING": "VARCHAR",
    "INTEGER": "BIGINT",
    "FLOAT": "DOUBLE",
    "BOOLEAN": "BOOLEAN",
    "TIMESTAMP": "TIMESTAMP",
    "DATE": "DATE",
}


def column_type(column: Column) -> str:
    """Return the DuckDB type of a column of a schema file."""
    if column.type == "RECORD":
        inner = ", ".join(f'"{c.name}" {column_type(c)}' for c in column.fields)
        base = f"STRUCT({inner})"
    else:
        base = _TYPES[column.type]
    return f"{base}[]" if column.mode == "REPEATED" else base


def type_name(type_: str) -> str:
    """Return the name in schema files of a type of DuckDB; its own name for any other type.

    >>> type_name("BIGINT"), type_name("DECIMAL(9,2)"), type_name("VARCHAR[]")
    ('INTEGER', 'NUMERIC', 'VARCHAR[]')
    """
    if type_.endswith("]"):
        return type_
    return _NAMES.get(type_.partition("(")[0], type_)


_NAMES = {
    **{duck: name for name, duck in _TYPES.items()},
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT"), "INTEGER"),
    "UINTEGER": "INTEGER",
    "FLOAT": "FLOAT",
    "DECIMAL": "NUMERIC",
}


def add_column(table: str, column: Column) -> str:
    """Return the DDL that adds a column to a table."""
    quoted = ".".join(f'"{part}"' for part in table.split("."))
    return f'ALTER TABLE {quoted} ADD COLUMN "{column.name}" {column_type(column)}'


def create_table(table: str, like: Sequence[Column]) -> str:
    """Return the DDL of a table, without keys: they would hide duplicates that BigQuery keeps."""
    columns = ", ".join(
        f'"{c.name}" {column_type(c)}' + (" NOT NULL" if c.mode == "REQUIRED" else "") for c in like
    )
    return f'CREATE TABLE IF NOT EXISTS "{table}" ({columns})'


def read_columns(like: Sequence[Column]) -> str:
    """Return the columns as an argument of `read_json`."""
    pairs = ", ".join(f"'{c.name}': '{column_type(c)}'" for c in like)
    return "{" + pairs + "}"


def read_json(path: Path, columns: Sequence[Column], longest: int = 64 << 20) -> str:
    """Return a source of rows of NDJSON, in `FROM`."""
    quoted = str(path).replace("'", "''")
    return (
        f"read_json('{quoted}', format = 'newline_delimited', columns = {read_columns(columns)}, "
        f"maximum_object_size = {longest})"
    )


def create_all(db: duckdb.DuckDBPyConnection, own: Mapping[str, Sequence[Column]]) -> None:
    """Create the product's tables and `own`; add the columns that tables of old versions lack.

    What was created is noted in the file. Comparing every table again would take half of the time
    that a command needs to open it.
    """
    if has_all(db, own):
        return
    db.execute(MACROS + _LOCAL)
    tables = _all_tables(own)
    for table, columns in tables.items():
        db.execute(create_table(table, columns))
    known = set(db.execute(_COLUMNS).fetchall())
    for table, columns in tables.items():
        for column in columns:
            if (table, column.name) not in known:
                db.execute(add_column(table, column))
    db.execute("CREATE OR REPLACE TABLE local_schema AS SELECT $1 AS created", [_hash_of(tables)])


_COLUMNS = """
SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = current_database()
"""


def has_all(db: duckdb.DuckDBPyConnection, own: Mapping[str, Sequence[Column]]) -> bool:
    """Return whether the file has the product's tables and `own`, as this version creates them."""
    return _created_before(db) == _hash_of(_all_tables(own))


def _all_tables(own: Mapping[str, Sequence[Column]]) -> dict[str, Sequence[Column]]:
    return {**own, **{table: columns_of(table) for table in layouts()}}


def _hash_of(tables: Mapping[str, Sequence[Column]]) -> str:
    statements = sorted(create_table(table, columns) for table, columns in tables.items())
    return sha256("\n".join([MACROS, _LOCAL, *statements]).encode()).hexdigest()


def _created_before(db: duckdb.DuckDBPyConnection) -> str | None:
    """Return the hash of the tables that this file has; None for a new file."""
    try:
        row = db.execute("SELECT created FROM local_schema").fetchone()
    except duckdb.CatalogException:
        return None
    return str(row[0]) if row else None
