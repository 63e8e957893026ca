"""Parquet, through DuckDB: only the columns that are used are read."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from troupe.duckdb_connection import connect

from .errors import BadFile

_FETCHED = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "threads": 1,
    "memory_limit": "400MB",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
"""One thread keeps the order of the rows."""


def parquet_rows(
    path: Path, name: str, choose: Callable[[list[str]], Mapping[str, str]]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each row, with the columns that `choose` names out of all, and its number from 1.

    Raises `BadFile`.
    """
    try:
        with connect(None, _SETTINGS) as db:
            yield from _rows(db, path, choose)
    except duckdb.OutOfMemoryException as error:
        raise BadFile(
            f"{name}: a part of it needs more than {_SETTINGS['memory_limit']} of memory: write it "
            "with smaller row groups, or export JSON Lines; nothing was loaded"
        ) from error
    except duckdb.Error as error:
        # By its class: the text of an error of DuckDB may quote a transcript.
        why = f"the Parquet file is damaged ({type(error).__name__})"
        raise BadFile(f"{name}: {why}; nothing was loaded") from error


def _rows(
    db: duckdb.DuckDBPyConnection, path: Path, choose: Callable[[list[str]], Mapping[str, str]]
) -> Iterator[tuple[int, dict[str, Any]]]:
    escaped = str(path).replace("'", "''")
    source = f"read_parquet('{escaped}', binary_as_string = true)"
    types = {
        row[0]: row[1]
        for row in db.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()  # noqa: S608
    }
    names = list(dict.fromkeys(choose(list(types)).values()))
    if not names:
        return
    selected = ", ".join(_selected(name, types[name]) for name in names)
    cursor = db.execute(f"SELECT {selected} FROM {source}")  # noqa: S608
    number = 0
    while rows := cursor.fetchmany(_FETCHED):
        for row in rows:
            number += 1
            yield (
                number,
                {name: _value(value, types[name]) for name, value in zip(names, row, strict=True)},
            )


def _selected(name: str, type_: str) -> str:
    quoted = '"' + name.replace('"', '""') + '"'
    if type_ == "TIMESTAMP WITH TIME ZONE":
        return f"epoch_us({quoted})"  # as a time it would need the package pytz
    if type_.startswith("TIMESTAMP"):
        return f"{quoted}::TIMESTAMP"
    return f"to_json({quoted})" if _is_nested(type_) else quoted


def _is_nested(type_: str) -> bool:
    return type_.endswith("]") or type_.startswith(("STRUCT", "MAP", "UNION", "JSON", "VARIANT"))


def _value(value: Any, type_: str) -> Any:
    if value is None:
        return None
    if type_ == "TIMESTAMP WITH TIME ZONE":
        return _EPOCH + timedelta(microseconds=value)
    return msgspec.json.decode(value) if _is_nested(type_) else value
