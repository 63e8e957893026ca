"""The tables: one JSON schema file each, from which every world makes and checks its own."""

from functools import cache
from importlib.resources import files
from typing import Any

import msgspec


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column, as BigQuery describes it."""

    name: str
    type: str
    mode: str = "NULLABLE"
    description: str = ""
    fields: "tuple[Column, ...]" = ()


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """How a table is laid out, and who may write it."""

    written_by: str
    partition: str | None = None
    cluster: tuple[str, ...] = ()
    require_partition_filter: bool = False
    expiration_days: int | None = None


@cache
def layouts() -> dict[str, Layout]:
    """Every table of the dataset."""
    return msgspec.json.decode(_read("tables"), type=dict[str, Layout])


@cache
def columns_of(table: str) -> tuple[Column, ...]:
    return msgspec.json.decode(_read(table), type=tuple[Column, ...])


def _read(name: str) -> bytes:
    return files(__package__).joinpath("schemas", f"{name}.json").read_bytes()


def check_row(table: str, row: dict[str, Any]) -> None:
    """Refuse a row that the table would not take, before it is written.

    Raises `ValueError` naming the table and the column.
    """
    known = {column.name: column for column in columns_of(table)}
    for name in row:
        if name not in known:
            raise ValueError(f"{table} has no column {name}")
    for column in known.values():
        if column.mode == "REQUIRED" and row.get(column.name) is None:
            raise ValueError(f"{table}.{column.name} is missing")
