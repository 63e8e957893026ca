"""The tables of a local warehouse are created once, and completed when the schemas change."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tracking.tables import Column, columns_of, layouts
from troupe.backends.local.duckdb_tables import create_all

OWN = {"my_checks": [Column(name="record_id", type="STRING", mode="REQUIRED", description="x")]}
ADDED = Column(name="result", type="FLOAT", mode="NULLABLE", description="x")


@pytest.fixture
def db(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A new database file."""
    made = duckdb.connect(str(tmp_path / "warehouse.duckdb"))
    yield made
    made.close()


def columns(db: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    return [name for _, name, *_ in db.execute(f"PRAGMA table_info('{table}')").fetchall()]


def test_a_file_that_has_the_tables_is_not_changed(db: duckdb.DuckDBPyConnection) -> None:
    """Opening it again runs one query."""
    create_all(db, OWN)
    db.execute("DROP TABLE my_checks")

    create_all(db, OWN)

    with pytest.raises(duckdb.CatalogException):
        db.execute("SELECT * FROM my_checks")


def test_a_column_that_a_schema_gained_is_added(db: duckdb.DuckDBPyConnection) -> None:
    """The rows stay; the other tables as well."""
    create_all(db, OWN)
    db.execute("INSERT INTO my_checks VALUES ('r1')")

    create_all(db, {"my_checks": [*OWN["my_checks"], ADDED]})

    assert ["record_id", "result"] == columns(db, "my_checks")
    assert [("r1", None)] == db.execute("SELECT * FROM my_checks").fetchall()
    for table in ("events", "claims"):
        assert [column.name for column in columns_of(table)] == columns(db, table)


def test_a_file_of_a_version_that_noted_nothing_is_completed(
    db: duckdb.DuckDBPyConnection,
) -> None:
    """It has some tables, and of them some columns."""
    db.execute("CREATE TABLE claims (run_id VARCHAR NOT NULL)")

    create_all(db, {})

    assert set(columns(db, "claims")) == {column.name for column in columns_of("claims")}
    tables = {name for (name,) in db.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    assert set(layouts()) <= tables
