"""How connections to DuckDB are made."""

from pathlib import Path

import pytest

from tests.files import files_in
from tests.imports import REPO
from troupe.backends.local.warehouse import SETTINGS
from troupe.duckdb_connection import connect

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
