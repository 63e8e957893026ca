"""Warehouse files in one DuckDB after the other: to start one for each file takes 15 ms."""

from functools import lru_cache
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb

from troupe.duckdb_connection import ReadFile, Settings, connect

FILES = 10
"""Files of one DuckDB. After some dozens each statement takes a quarter longer."""
_NUMBERS = count()


class AttachedFile:
    """A connection to one file, as `connect` makes it; the file is attached until it is closed."""

    def __init__(self, path: Path, settings: Settings) -> None:
        number = next(_NUMBERS)
        self._database, self._name = _started(number // FILES, *settings.items()), f"file{number}"
        quoted = str(path).replace("'", "''")
        self._database.execute(f"ATTACH '{quoted}' AS {self._name}")
        self._connection = self.cursor()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        made = self._database.cursor()
        made.execute(f"USE {self._name}")
        return made

    def close(self) -> None:
        self._connection.close()
        self._database.execute(f"DETACH DATABASE IF EXISTS {self._name}")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class KeptFile(AttachedFile):
    """A file that is opened again and again: without its log, which would be read each time."""

    def close(self) -> None:
        self.execute("CHECKPOINT")
        super().close()


class AttachedReadFile(ReadFile):
    """A file that is only read, in the same DuckDB as the others."""

    def __init__(self, path: Path, settings: Settings) -> None:
        number = next(_NUMBERS)
        self._db, self._name = _started(number // FILES, *settings.items()), f"file{number}"
        self._path, self._lock, self._open = path, Lock(), 0


@lru_cache(maxsize=2)  # without an optimiser, and with one
def _started(_number: int, *settings: tuple[str, Any]) -> duckdb.DuckDBPyConnection:
    made = connect(None, dict(settings))
    made.execute("SET threads = 1; PRAGMA disable_checkpoint_on_shutdown")
    return made
