"""Lookup file of `troupe read`: source rows by record id and by composite key."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from analysis import composite_key
from analysis.strict_json import NotStrict, check_unique
from events import record_id

IDS = ("phone_number_token", "interactionId", "referenceId", "event_timestamp")


class BadLookup(Exception):
    """The lookup file cannot be used; the text names the line."""


class Lookup:
    """Source rows; a composite key matches by both of its ids, and never by one alone."""

    def __init__(self, file: Path) -> None:
        """Read JSON Lines in the columns of the source table. Raises `BadLookup`."""
        self._by_record: dict[str, dict[str, Any]] = {}
        self._by_ids: dict[tuple[str, str], str | None] = {}
        """None for a pair of ids that several rows have: the key does not identify one."""
        for number, line in enumerate(file.read_bytes().splitlines(), start=1):
            if line.strip():
                self._add(file, number, line)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield record id and ids of every source row."""
        for record, row in self._by_record.items():
            yield {"record_id": record, **row}

    def row(self, record: str) -> dict[str, Any] | None:
        """Return the ids of the source row of a record; None if the file has no such row."""
        return self._by_record.get(record)

    def record_of(self, key: str) -> str | None:
        """Return the record of a composite key of the earlier system; None if none or several match."""
        ids = composite_key(key)
        return self._by_ids.get(ids) if ids else None

    def _add(self, file: Path, number: int, line: bytes) -> None:
        try:
            row = msgspec.json.decode(line, type=dict[str, Any])
            check_unique(line)
        except (msgspec.MsgspecError, NotStrict, RecursionError) as error:
            raise BadLookup(f"{file}, line {number}: {error}") from error
        missing = [name for name in IDS[:2] if name not in row]
        if missing:
            raise BadLookup(f"{file}, line {number}: {missing[0]} is missing")
        phone, interaction = row["phone_number_token"], row["interactionId"]
        record = record_id(phone, interaction, row.get("referenceId"))
        self._by_record[record] = {name: row.get(name) for name in IDS}
        pair = (str(phone), str(interaction))
        known = self._by_ids.get(pair, record)
        self._by_ids[pair] = record if known == record else None
