"""How connections to DuckDB are made."""

from pathlib import Path

import duckdb
import pytest

from tests.files import files_in
from tests.imports import REPO
from troupe.backends.local.warehouse import SETTINGS
from troupe.duckdb_connection import ReadFile, connect

PROGRESS = "SELECT value FROM duckdb_settings() WHERE name = 'enable_progress_bar'"


@pytest.mark.parametrize("name", ["warehouse.duckdb", None])
def test_no_connection_prints_a_progress_bar(tmp_path: Path, name: str | None) -> None:
    """Nor do its cursors: standard output belongs to the command."""
    with connect(tmp_path / name if name else None, SETTINGS) as connection:
        assert [("false",)] == connection.execute(PROGRESS).fetchall()
        assert [("false",)] == connection.cursor().execute(PROGRESS).fetchall()


def test_every_connection_of_the_product_is_made_there() -> None:
    """Another one would print the bar into what a script reads."""
    files = files_in(REPO / "troupe", "**/*.py")
    found = [file.name for file in files if "duckdb.connect(" in file.read_text(encoding="utf-8")]

    assert ["duckdb_connection.py"] == found


def test_a_file_that_is_read_is_open_for_others_in_between(tmp_path: Path) -> None:
    """DuckDB stays started, and its lock on the file ends with the last connection."""
    path = tmp_path / "a'b.duckdb"
    with connect(path, SETTINGS) as db:
        db.execute("CREATE TABLE t AS SELECT 1 AS n")
    file = ReadFile(path, SETTINGS)
    first, second = file.connect(), file.connect()
    assert first.execute("FROM t").fetchall() == second.execute("FROM t").fetchall() == [(1,)]

    file.close(first)
    with pytest.raises(duckdb.Error, match="already attached"):
        connect(path, SETTINGS)
    file.close(second)
    with connect(path, SETTINGS) as db:
        db.execute("UPDATE t SET n = 2")

    third = file.connect()
    assert (
        [(2,)] == third.execute("FROM t").fetchall() == file.cursor().execute("FROM t").fetchall()
    )
    with pytest.raises(duckdb.Error, match="read-only"):
        third.execute("UPDATE t SET n = 3")
    file.close(third)


def test_what_a_reader_spills_lies_beside_its_file(tmp_path: Path) -> None:
    """The folder is private, and the directory of the process is not."""
    path = tmp_path / "w.duckdb"
    connect(path, SETTINGS).close()
    file = ReadFile(path, SETTINGS)
    reader = file.connect()
    setting = reader.execute("SELECT current_setting('temp_directory')").fetchall()
    file.close(reader)

    assert [(f"{path}.tmp",)] == setting
