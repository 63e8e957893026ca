"""Translation of GoogleSQL to DuckDB's dialect, of statements and of table schemas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import duckdb
import sqlglot
from sqlglot import exp

from tracking.tables import Column, columns_of, layouts

MACROS = files(__package__).joinpath("macros.sql").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement in DuckDB's dialect, its parameters, and the temporary table it creates."""

    sql: str
    parameters: frozenset[str]
    temp_table: str | None = None
    """BigQuery drops it at the end of the script."""


@cache
def translate(sql: str) -> tuple[Statement, ...]:
    """Translate a script; BEGIN and COMMIT are left out, because the warehouse runs them."""
    parsed = sqlglot.parse(sql, read="bigquery")
    return tuple(
        _statement(each)
        for each in parsed
        if each is not None and not isinstance(each, exp.Transaction | exp.Commit)
    )


def _statement(parsed: exp.Expr) -> Statement:
    changed = _adapted(parsed)
    names = frozenset(p.name for p in changed.find_all(exp.Parameter))
    temp = None
    if isinstance(changed, exp.Create):
        temp = changed.this.name
    sql = changed.sql(dialect="duckdb", comments=False)
    return Statement(sql=sql, parameters=names, temp_table=temp)


def _adapted(tree: exp.Expr) -> exp.Expr:
    """Adapt children before their parents, so that a replaced node holds adapted children."""
    for node in reversed(list(tree.walk())):
        changed = _adapt(node)
        if changed is not node:
            if node is tree:
                tree = changed
            else:
                node.replace(changed)
    return tree


def _adapt(node: exp.Expr) -> exp.Expr:
    """Replace a node that means something else in DuckDB."""
    if isinstance(node, exp.DataType) and node.this == exp.DataType.Type.TIMESTAMPTZ:
        # Times are kept in UTC without a zone: DuckDB's zoned type needs a zone database.
        return exp.DataType.build("TIMESTAMP", dialect="duckdb")
    if isinstance(node, exp.Timestamp):
        return exp.cast(node.this, "TIMESTAMP")
    if isinstance(node, exp.CurrentTimestamp):
        return exp.Parameter(this=exp.Var(this="now"))
    if isinstance(node, exp.CurrentDate):
        return exp.cast(exp.Parameter(this=exp.Var(this="now")), "DATE")
    if isinstance(node, exp.IntDiv) and not isinstance(node.expression, exp.Paren):
        # As an operator, the division would bind tighter than the operators in its operands.
        return exp.IntDiv(this=exp.paren(node.this), expression=exp.paren(node.expression))
    if isinstance(node, exp.CountIf):
        # DuckDB's count_if gives NULL where there are no rows; BigQuery's COUNTIF gives 0.
        return exp.Filter(this=exp.Count(this=exp.Star()), expression=exp.Where(this=node.this))
    if isinstance(node, exp.Normalize) and node.text("form") == "NFC":
        return exp.func("nfc_normalize", node.this)
    if isinstance(node, exp.ByteLength):
        return exp.func("strlen", node.this)
    if isinstance(node, exp.JSONFormat):
        if isinstance(node.this, exp.Struct):
            return exp.cast(exp.Anonymous(this="to_json", expressions=[node.this]), "VARCHAR")
        name = "json_strings" if isinstance(node.this, exp.Array) else "json_text"
        return exp.Anonymous(this=name, expressions=[node.this])
    return node


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
    db.execute(MACROS)
    tables = _all_tables(own)
    for table, columns in tables.items():
        db.execute(create_table(table, columns))
    known = set(db.execute("SELECT table_name, column_name FROM duckdb_columns()").fetchall())
    for table, columns in tables.items():
        for column in columns:
            if (table, column.name) not in known:
                db.execute(add_column(table, column))
    db.execute("CREATE OR REPLACE TABLE local_schema AS SELECT $1 AS created", [_hash_of(tables)])


def has_all(db: duckdb.DuckDBPyConnection, own: Mapping[str, Sequence[Column]]) -> bool:
    """Return whether the file has the product's tables and `own`, as this version creates them."""
    return _created_before(db) == _hash_of(_all_tables(own))


def _all_tables(own: Mapping[str, Sequence[Column]]) -> dict[str, Sequence[Column]]:
    return {**own, **{table: columns_of(table) for table in layouts()}}


def _hash_of(tables: Mapping[str, Sequence[Column]]) -> str:
    statements = sorted(create_table(table, columns) for table, columns in tables.items())
    return sha256("\n".join([MACROS, *statements]).encode()).hexdigest()


def _created_before(db: duckdb.DuckDBPyConnection) -> str | None:
    """Return the hash of the tables that this file has; None for a new file."""
    try:
        row = db.execute("SELECT created FROM local_schema").fetchone()
    except duckdb.CatalogException:
        return None
    return str(row[0]) if row else None
