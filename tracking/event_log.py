"""The event log: outbox, inbox and record of deliveries, in the tables `events` and `deliveries`.

Both are append-only. A row may be written twice, so readers count an event by its id.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec

from events import Envelope, topic_of_type
from events.cloudevents import type_of_topic

from .results import Delivery, Row
from .statements import query
from .warehouse import Warehouse

LONGEST_RUN = timedelta(days=120)
"""Queries ignore runs that were planned longer ago than this."""


class EventLog:
    """Records every event before it is published (outbox), and on arrival if it is from outside.

    The recorded deliveries let a handler skip an event that it has handled before (inbox).
    """

    def __init__(self, warehouse: Warehouse, look_back_days: int = 14) -> None:
        self._warehouse = warehouse
        self._look_back = timedelta(days=look_back_days)
        self._horizon = max(self._look_back, LONGEST_RUN)

    def record(self, envelopes: Sequence[Envelope], now: datetime) -> None:
        """Append events; they are visible when this returns."""
        if envelopes:
            self._warehouse.append("events", [_event_row(e, now) for e in envelopes])

    def has(self, event_id: str, now: datetime) -> bool:
        """Whether an event of this id is recorded."""
        return bool(self.load([event_id], self.lookback_start(now)))

    def was_handled(self, event_id: str, handler: str, now: datetime) -> bool:
        """Whether the handler finished the event within the look-back days, or it was discarded."""
        params = {"event_id": event_id, "handler": handler, "since": self._recent_start(now)}
        return bool(self._warehouse.query(query("was_handled"), params)[0]["handled"])

    def record_deliveries(self, deliveries: Sequence[Delivery], now: datetime) -> None:
        """Append deliveries; they are visible when this returns."""
        if deliveries:
            self._warehouse.append("deliveries", [_delivery_row(h, now) for h in deliveries])

    def load(self, event_ids: Sequence[str], since: date) -> list[Envelope]:
        """Load the events of these ids as they were first recorded, on or after the day `since`."""
        params = {"event_ids": list(event_ids), "since": since}
        return [_envelope(row) for row in self._warehouse.query(query("events_by_id"), params)]

    def lookback_start(self, now: datetime) -> date:
        """Return the first day that queries read: every open run was planned on or after it.

        It may be months ago: a batch whose jobs get stuck in every attempt takes weeks.
        """
        params = {"since": (now - self._horizon).date()}
        oldest = self._warehouse.query(query("oldest_open_run"), params)[0]["planned_on"]
        recent = self._recent_start(now)
        return recent if oldest is None else min(recent, oldest)

    def _recent_start(self, now: datetime) -> date:
        """The first day for `was_handled`, without a query: that check saves work, nothing more."""
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


class _Batch(msgspec.Struct, frozen=True):
    """The field of an event that its deliveries repeat."""

    batch: int | None = None


def _delivery_row(delivery: Delivery, now: datetime) -> Row:
    return {
        "event_id": delivery.envelope.id,
        "topic": topic_of_type(delivery.envelope.type),
        "run_id": delivery.envelope.correlation or None,
        "batch": msgspec.json.decode(delivery.envelope.data, type=_Batch).batch,
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
