"""How every connection to DuckDB is made: it prints no progress bar, and a signal interrupts it."""

from collections.abc import Mapping
from pathlib import Path
from threading import Lock

import duckdb

from .interrupts import interruptible

Settings = Mapping[str, str | bool | int | float | list[str]]


def connect(path: Path | None, settings: Settings) -> duckdb.DuckDBPyConnection:
    """Connect to a file, or to tables in memory. Raises `duckdb.Error`."""
    made = duckdb.connect(str(path) if path else ":memory:", config=dict(settings))
    # DuckDB writes the bar to standard output, also where that is a file of JSON.
    made.execute("SET enable_progress_bar = false")
    return interruptible(made)


class ReadFile:
    """A file that is only read: attached, with DuckDB's lock on it, while a connection is open.

    To start DuckDB takes 15 ms of the processor and to attach a file 1 ms, so that a process that
    reads a file again and again starts it once, and others can open the file in between.
    """

    def __init__(self, path: Path, settings: Settings) -> None:
        self._path, self._name = path, '"' + path.stem.replace('"', '""') + '"'
        # What does not fit into memory goes where a connection to the file itself would put it.
        self._db = connect(None, {**settings, "temp_directory": f"{path}.tmp"})
        self._lock, self._open = Lock(), 0

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Return a connection, to be ended with `close`. Raises `duckdb.Error`."""
        with self._lock:
            if not self._open:
                quoted = str(self._path).replace("'", "''")
                self._db.execute(f"ATTACH '{quoted}' AS {self._name} (READ_ONLY)")
            self._open += 1
        return self.cursor()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a further connection for the time that one of `connect` is open."""
        made = interruptible(self._db.cursor())
        made.execute(f"USE {self._name}")
        return made

    def close(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Close a connection of `connect`; the last one detaches the file."""
        connection.close()
        with self._lock:
            self._open -= 1
            if not self._open:
                self._db.execute(f"DETACH {self._name}")
