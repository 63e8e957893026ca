"""How every connection to DuckDB is made: it prints no progress bar, and a signal interrupts it."""

from collections.abc import Mapping
from pathlib import Path

import duckdb

from .signals import interruptible

Settings = Mapping[str, str | bool | int | float | list[str]]


def connect(
    path: Path | None, settings: Settings, *, read_only: bool = False
) -> duckdb.DuckDBPyConnection:
    """Connect to a file, or to tables in memory. Raises `duckdb.Error`."""
    made = duckdb.connect(
        str(path) if path else ":memory:", read_only=read_only, config=dict(settings)
    )
    # DuckDB writes the bar to standard output, also where that is a file of JSON.
    made.execute("SET enable_progress_bar = false")
    return interruptible(made)
