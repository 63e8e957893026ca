"""The event log: outbox, inbox and record of deliveries, in the tables `events` and `deliveries`.

Both are append-only. A row may be written twice, so readers count an event by its id.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec

from events import EVENT_OF_TYPE, Command, DeadLetter, Envelope, Event, topic_of_type
from events.cloudevents import type_of_topic
from events.ids import letter_id

from .results import Delivery, KnownEvent, Row
from .statements import query
from .warehouse import Warehouse

LONGEST_RUN = timedelta(days=120)
"""Queries ignore runs that were planned longer ago than this."""
_ONE_DAY = timedelta(days=1)
_FIRST_TIME = datetime(2000, 1, 1, tzinfo=UTC)

OLDEST_RUN_AGE = timedelta(minutes=1)
"""For so long an answer about the oldest open run is used again."""
SETTLED_AFTER = timedelta(hours=1)
"""No delivery works that long; what a refused run could still become is in the tables by then."""


class EventLog:
    """Records every event before it is published (outbox), and on arrival if it is from outside.

    The recorded deliveries let a handler skip an event that it has handled before (inbox).
    """

    def __init__(self, warehouse: Warehouse, look_back_days: int = 31) -> None:
        self._warehouse = warehouse
        self._look_back = timedelta(days=look_back_days)
        self._horizon = max(self._look_back, LONGEST_RUN)
        self._oldest: tuple[datetime, date | None] | None = None
        """The day of the oldest open run, and when it was read."""

    def record(self, envelopes: Sequence[Envelope], now: datetime) -> None:
        """Append events; they are visible when this returns."""
        if envelopes:
            self._warehouse.append("events", [_event_row(e, now) for e in envelopes])

    def known(self, envelope: Envelope, handler: str, now: datetime) -> KnownEvent:
        """Ask outbox and inbox at once: is this event recorded, and did this handler finish it?

        Our events are recorded within a day of their own time. The time of a command is its
        sender's, so a command is looked for as far back as open runs go.
        """
        is_command = issubclass(EVENT_OF_TYPE.get(envelope.type, Event), Command)
        if is_command:
            since, until = self.lookback_start(now), (now + _ONE_DAY).date()
        else:
            # A stranger's message may have any time; the bounds keep the days in the calendar.
            time = min(max(envelope.time, _FIRST_TIME), now + _ONE_DAY)
            since, until = (time - _ONE_DAY).date(), (time + _ONE_DAY).date()
        params = {
            "event_id": envelope.id,
            "run_id": envelope.correlation or None,
            # The id of a command is its sender's, who may have used it for another command.
            "only_topic": None if is_command else topic_of_type(envelope.type),
            "batch": _ids_of(envelope).batch,
            "topic": topic_of_type(envelope.type),
            "data": envelope.data.decode(),
            "handler": handler,
            "since": since,
            "until": until,
        }
        return KnownEvent(**self._warehouse.query(query("known_event"), params)[0])

    def record_deliveries(self, deliveries: Sequence[Delivery], now: datetime) -> None:
        """Append deliveries; they are visible when this returns."""
        if deliveries:
            self._warehouse.append("deliveries", [_delivery_row(h, now) for h in deliveries])

    def record_dead_letter(
        self, letter: DeadLetter, envelope: Envelope, now: datetime, *, is_event: bool
    ) -> None:
        """Append a dead letter. `is_event`: the event log holds its event, so no body is kept."""
        delivery = Delivery(
            envelope=envelope,
            handler=letter.handler,
            outcome="dead_lettered",
            generation=letter.generation,
            reason=letter.cause,
        )
        self._warehouse.append("dead_letters", [_letter_row(letter, envelope, now, is_event)])
        self.record_deliveries([delivery], now)

    def load(self, event_ids: Sequence[str], since: date) -> list[Envelope]:
        """Load the events of these ids as they were first recorded, on or after the day `since`."""
        params = {"event_ids": list(event_ids), "since": since}
        return [_envelope(row) for row in self._warehouse.query(query("events_by_id"), params)]

    def has_work(self, now: datetime, subscriptions: Sequence[Row]) -> bool:
        """Return whether an event is not finished or a run not reported; one query of two tables.

        `subscriptions` lists topic and handler of each. When it returns False, no run is open. A run
        that was refused within the hour counts: another delivery may have planned it meanwhile.
        """
        params = {
            "since": (now - self._horizon).date(),
            "settled_before": now - SETTLED_AFTER,
            "subscriptions": list(subscriptions),
        }
        return bool(self._warehouse.query(query("open_work"), params)[0]["has_work"])

    def lookback_start(self, now: datetime) -> date:
        """Return the first day that queries read: every open run was planned on or after it.

        It may be months ago: a batch whose jobs get stuck in every attempt takes weeks. What was read
        holds for a minute: a run that is planned meanwhile is recent, and one that ends meanwhile
        makes the day earlier than need be.
        """
        if self._oldest is None or not timedelta() <= now - self._oldest[0] <= OLDEST_RUN_AGE:
            params = {"since": (now - self._horizon).date()}
            rows = self._warehouse.query(query("oldest_open_run"), params)
            self._oldest = (now, rows[0]["planned_on"])
        oldest = self._oldest[1]
        recent = (now - self._look_back).date()
        return recent if oldest is None else min(recent, oldest)


def _event_row(envelope: Envelope, now: datetime) -> Row:
    data = msgspec.json.decode(envelope.data)
    return {
        "event_id": envelope.id,
        "topic": topic_of_type(envelope.type),
        "run_id": data.get("run_id") or None,
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


class _Ids(msgspec.Struct, frozen=True):
    """The fields of an event that rows about it repeat."""

    run_id: str = ""
    batch: int | None = None
    attempt: int | None = None


def _ids_of(envelope: Envelope) -> _Ids:
    return msgspec.json.decode(envelope.data, type=_Ids)


def _letter_row(letter: DeadLetter, envelope: Envelope, now: datetime, is_event: bool) -> Row:
    ids = _ids_of(envelope)
    return {
        "letter_id": letter_id(envelope.id, letter.handler, letter.generation),
        "event_id": envelope.id,
        "handler": letter.handler,
        "generation": letter.generation,
        "topic": topic_of_type(envelope.type),
        "cause": letter.cause,
        "detail": letter.detail,
        "run_id": ids.run_id or None,
        "batch": ids.batch,
        "attempt": ids.attempt,
        "deliveries": letter.deliveries,
        "body": None if is_event else letter.body,
        "dead_lettered_at": now,
        "recorded_on": now.date(),
    }


def _delivery_row(delivery: Delivery, now: datetime) -> Row:
    ids = _ids_of(delivery.envelope)
    return {
        "event_id": delivery.envelope.id,
        "topic": topic_of_type(delivery.envelope.type),
        "run_id": ids.run_id or None,
        "batch": ids.batch,
        "handler": delivery.handler,
        "generation": delivery.generation,
        "outcome": delivery.outcome,
        "reason": delivery.reason,
        "republication": delivery.republication,
        "not_before": delivery.not_before,
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
