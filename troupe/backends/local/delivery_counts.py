"""Delivery counts of the local bus, in a table that outlives the process."""

from typing import Protocol

import duckdb

from .warehouse import parsed

TABLE = """
CREATE TABLE IF NOT EXISTS local_deliveries (delivery VARCHAR NOT NULL, attempts BIGINT NOT NULL)
"""
_FIRST = "INSERT INTO local_deliveries VALUES ($1, $2)"
_FORGET = "DELETE FROM local_deliveries WHERE delivery = $1"
_FURTHER = "UPDATE local_deliveries SET attempts = $2 WHERE delivery = $1"
_FORGET = "DELETE FROM local_deliveries WHERE delivery = $1"


class DeliveryCounts(Protocol):
    """What the local bus stores."""

    def count(self, key: str) -> int:
        """Count one more delivery attempt; return its number, from 1."""
        ...

    def forget(self, key: str) -> None:
        """Delete the count: the message was acknowledged or dead-lettered."""
        ...


class LocalDeliveryCounts:
    """Stored before the delivery, so that a message that kills its worker is counted."""

    def __init__(self, db: duckdb.DuckDBPyConnection) -> None:
        self._db = db
        self._attempts: dict[str, int] = {}
        db.execute(TABLE)
        for key, attempts in db.execute("SELECT * FROM local_deliveries").fetchall():
            self._attempts[key] = attempts

    def count(self, key: str) -> int:
        attempts = self._attempts.get(key, 0) + 1
        self._attempts[key] = attempts
        statement = _FIRST if attempts == 1 else _FURTHER
        self._db.execute(parsed(statement), [key, attempts])
        return attempts

    def forget(self, key: str) -> None:
        if self._attempts.pop(key, None) is not None:
            self._db.execute(parsed(_FORGET), [key])
