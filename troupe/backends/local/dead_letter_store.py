"""Dead letters and delivery counts of the local bus, in tables that outlive the process."""

import json
from datetime import UTC, datetime
from typing import Any, Protocol

import duckdb

from handlers.dispatch.dead_letters import StoredDeadLetter
from handlers.dispatch.message import Message
from handlers.ports import Clock
from tracking import Row
from troupe.deployment.topology import Subscription

TABLES = """
CREATE TABLE IF NOT EXISTS local_dead_letters (
  letter_id VARCHAR NOT NULL, event_id VARCHAR NOT NULL, topic VARCHAR NOT NULL,
  handler VARCHAR NOT NULL, body BLOB NOT NULL, attributes VARCHAR NOT NULL,
  cause VARCHAR NOT NULL, dead_lettered_at TIMESTAMP NOT NULL, state VARCHAR NOT NULL
);
CREATE TABLE IF NOT EXISTS local_deliveries (delivery VARCHAR NOT NULL, attempts BIGINT NOT NULL);
"""


class DeadLetters(Protocol):
    """What the local bus stores."""

    def count(self, key: str) -> int:
        """Count one more delivery attempt; return its number, from 1."""
        ...

    def forget(self, key: str) -> None:
        """Delete the count: the message was acknowledged or dead-lettered."""
        ...

    def keep(
        self, subscription: Subscription, message: Message, attributes: str, cause: str
    ) -> None: ...


class LocalDeadLetters:
    """Stored before the delivery, so that a message that kills its worker is counted."""

    def __init__(self, db: duckdb.DuckDBPyConnection, clock: Clock) -> None:
        self._db, self._clock = db, clock
        self._attempts: dict[str, int] = {}
        db.execute(TABLES)
        for key, attempts in db.execute("SELECT * FROM local_deliveries").fetchall():
            self._attempts[key] = attempts

    def count(self, key: str) -> int:
        attempts = self._attempts.get(key, 0) + 1
        self._attempts[key] = attempts
        self._db.execute("DELETE FROM local_deliveries WHERE delivery = $1", [key])
        self._db.execute("INSERT INTO local_deliveries VALUES ($1, $2)", [key, attempts])
        return attempts

    def forget(self, key: str) -> None:
        if self._attempts.pop(key, None) is not None:
            self._db.execute("DELETE FROM local_deliveries WHERE delivery = $1", [key])

    def waiting(self) -> list[Row]:
        """Count the dead letters that wait for an operator, by handler and cause."""
        rows = self._db.execute(
            "SELECT handler, cause, count(*) FROM local_dead_letters WHERE state = 'waiting' "
            "GROUP BY handler, cause ORDER BY handler, cause"
        ).fetchall()
        return [{"handler": h, "cause": c, "count": n} for h, c, n in rows]

    def find(
        self,
        handler: str | None = None,
        cause: str | None = None,
        since: datetime | None = None,
        letter_id: str | None = None,
    ) -> list[StoredDeadLetter]:
        """Return the dead letters that wait for an operator, oldest first."""
        filters = [handler, cause, since and _naive(since), letter_id]
        rows = self._db.execute(
            "SELECT * FROM local_dead_letters WHERE state = 'waiting' "
            "AND ($1 IS NULL OR handler = $1) AND ($2 IS NULL OR cause = $2) "
            "AND ($3 IS NULL OR dead_lettered_at >= $3) "
            "AND ($4 IS NULL OR letter_id = $4 OR event_id = $4) ORDER BY dead_lettered_at, letter_id",
            filters,
        ).fetchall()
        return [_letter(row) for row in rows]

    def settle(self, letter: StoredDeadLetter, state: str) -> None:
        """Set the state of a letter that an operator has replayed or discarded."""
        self._db.execute(
            "UPDATE local_dead_letters SET state = $1 WHERE letter_id = $2 AND handler = $3",
            [state, letter.letter_id, letter.handler],
        )

    def keep(
        self, subscription: Subscription, message: Message, attributes: str, cause: str
    ) -> None:
        event = message.attributes.get("ce-id", message.id)
        self._db.execute(
            "INSERT INTO local_dead_letters VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            [message.id, event, subscription.topic, subscription.handler, message.body,
             attributes, cause, _naive(self._clock()), "waiting"],
        )  # fmt: skip


def _naive(time: datetime) -> datetime:
    """Return the time as DuckDB stores it: in UTC, without a zone."""
    return time.astimezone(UTC).replace(tzinfo=None)


def _letter(row: tuple[Any, ...]) -> StoredDeadLetter:
    letter_id, event_id, topic, handler, body, attributes, cause, dead_lettered_at, state = row
    return StoredDeadLetter(
        letter_id=letter_id,
        event_id=event_id,
        topic=topic,
        handler=handler,
        body=body,
        attributes=json.loads(attributes),
        cause=cause,
        dead_lettered_at=dead_lettered_at.replace(tzinfo=UTC),
        state=state,
    )
