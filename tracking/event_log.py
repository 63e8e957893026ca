"""The event log: what was told, and what became of it. Append-only; an event told twice counts once."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec

from events import Envelope, topic_of_type
from events.cloudevents import type_of_topic

from .rows import Delivery, Row
from .statements import query
from .warehouse import Warehouse

LONGEST_RUN = timedelta(days=120)
"""A run that is older than this is not looked for any more."""


class EventLog:
    """Remembers every event before it is published, and on arrival if it came from outside."""

    def __init__(self, warehouse: Warehouse, look_back_days: int = 14) -> None:
        self._warehouse = warehouse
        self._look_back = timedelta(days=look_back_days)
        self._horizon = max(self._look_back, LONGEST_RUN)

    def record(self, envelopes: Sequence[Envelope], now: datetime) -> None:
        """Visible when this returns."""
        if envelopes:
            self._warehouse.append("events", [_event_row(e, now) for e in envelopes])

    def has(self, event_id: str, now: datetime) -> bool:
        return bool(self.load([event_id], self.lookback_start(now)))

    def was_handled(self, event_id: str, handler: str, now: datetime) -> bool:
        given = {"event_id": event_id, "handler": handler, "since": self._recent_start(now)}
        return bool(self._warehouse.query(query("was_handled"), given)[0]["handled"])

    def record_deliveries(self, deliveries: Sequence[Delivery], now: datetime) -> None:
        if deliveries:
            self._warehouse.append("deliveries", [_delivery_row(h, now) for h in deliveries])

    def load(self, event_ids: Sequence[str], since: date) -> list[Envelope]:
        """The events of these ids, as they were first told, no earlier than `since`."""
        given = {"event_ids": list(event_ids), "since": since}
        return [_envelope(row) for row in self._warehouse.query(query("events_by_id"), given)]

    def lookback_start(self, now: datetime) -> date:
        """The first day that queries look at: no run that is still open was planned before it.

        A batch whose jobs get stuck in every attempt takes weeks, a run of many batches longer.
        """
        given = {"since": (now - self._horizon).date()}
        oldest = self._warehouse.query(query("oldest_open_run"), given)[0]["planned_on"]
        recent = self._recent_start(now)
        return recent if oldest is None else min(recent, oldest)

    def _recent_start(self, now: datetime) -> date:
        """For the check at each delivery, which saves work and nothing else: no query for it."""
        return (now - self._look_back).date()


def _event_row(envelope: Envelope, now: datetime) -> Row:
    data = msgspec.json.decode(envelope.data)
    return {
        "event_id": envelope.id,
        "topic": topic_of_type(envelope.type),
        "run_id": data.get("run_id"),
        "batch": data.get("batch"),
        "attempt": data.get("attempt"),
        "source": envelope.source,
        "subject": envelope.subject,
        "causation_id": envelope.causation,
        "correlation_id": envelope.correlation,
        "traceparent": envelope.traceparent,
        "occurred_at": envelope.time,
        "recorded_at": now,
        "recorded_on": now.date(),
        "data": envelope.data.decode(),
    }


class _Where(msgspec.Struct, frozen=True):
    """What an event is about, as far as it is written beside its deliveries."""

    batch: int | None = None


def _delivery_row(delivery: Delivery, now: datetime) -> Row:
    return {
        "event_id": delivery.envelope.id,
        "topic": topic_of_type(delivery.envelope.type),
        "run_id": delivery.envelope.correlation or None,
        "batch": msgspec.json.decode(delivery.envelope.data, type=_Where).batch,
        "handler": delivery.handler,
        "outcome": delivery.outcome,
        "reason": delivery.reason,
        "milliseconds": delivery.milliseconds,
        "delivery_attempt": delivery.delivery_attempt,
        "recorded_at": now,
        "recorded_on": now.date(),
    }


def _envelope(row: Row) -> Envelope:
    return Envelope(
        id=row["event_id"],
        type=type_of_topic(row["topic"]),
        source=row["source"],
        subject=row["subject"] or "",
        time=row["occurred_at"].astimezone(UTC),
        data=row["data"].encode(),
        correlation=row["correlation_id"] or "",
        causation=row["causation_id"] or "",
        traceparent=row["traceparent"] or "",
    )
