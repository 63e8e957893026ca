"""The local bus: Pub/Sub in one process, with at-least-once delivery and dead letters."""

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count

from events import Envelope
from events.cloudevents import generation_of, is_addressed_to, message_of
from handlers.dispatch.dead_letters import TOO_OFTEN, dead_letter_attributes
from handlers.dispatch.message import Message
from handlers.ports import Clock
from troupe.deployment.topology import Subscription

from .bus_faults import Faults
from .delivery_counts import DeliveryCounts

_AT_ONCE = (timedelta(0),)
"""The delays of a message without faults: it is delivered once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """The retry policy of a subscription: exponential back-off, deadlines, attempts."""

    first_seconds: float = 10.0
    most_seconds: float = 600.0
    attempts: int = 40
    deadline_seconds: float = 600.0
    """Acknowledgement deadline: without a reply in this time the message is redelivered."""
    signal_seconds: float = 600.0
    """An older signal is not redelivered."""

    def gap(self, attempt: int) -> timedelta:
        return timedelta(seconds=min(self.most_seconds, self.first_seconds * 2 ** (attempt - 1)))


@dataclass(frozen=True, slots=True)
class LeasedMessage:
    """One message that a subscription delivers."""

    subscription: Subscription
    message: Message

    @property
    def name(self) -> str:
        """The name of the subscription."""
        return self.subscription.name

    @property
    def key(self) -> str:
        """The key that delivery attempts are counted by. A restart keeps it, not the message id."""
        event = self.message.attributes.get("ce-id", self.message.id)
        return f"{self.subscription.name}/{event}/{generation_of(self.message.attributes)}"


@dataclass(order=True, slots=True)
class _Due:
    at: datetime
    turn: float
    number: int
    delivery: LeasedMessage = field(compare=False)


class LocalBus:
    """Leases messages to one worker, and redelivers those that it does not acknowledge in time."""

    def __init__(
        self,
        subscriptions: Iterable[Subscription],
        clock: Clock,
        counts: DeliveryCounts,
        *,
        retry: Retry | None = None,
        faults: Faults | None = None,
        name: str = "0",
    ) -> None:
        """`name` is part of every message id, and differs from that of earlier buses."""
        self._subscriptions = tuple(subscriptions)
        self._clock, self._counts = clock, counts
        self._retry, self.faults = retry or Retry(), faults
        self._due: list[_Due] = []
        self._leased: dict[int, tuple[datetime, LeasedMessage]] = {}
        self._numbers, self._name = count(1), name
        self.sent = 0
        """Messages published so far."""

    def publish(self, envelopes: Iterable[Envelope]) -> None:
        for envelope in envelopes:
            self.send(*message_of(envelope))

    def send(
        self, topic: str, body: bytes, attributes: Mapping[str, str], message_id: str = ""
    ) -> str:
        """Publish raw bytes; return the message id. A topic without subscriptions drops them."""
        if self.faults:
            self.faults.before_publish(topic)
        message = self._message(topic, body, attributes, message_id)
        self._forward(message)
        if self.faults:
            self.faults.after_publish(topic)
        return message.id

    def lease(self) -> tuple[int, LeasedMessage] | None:
        """Return the next message that is due, with its lease number; None when none is due."""
        self._expire_leases()
        if not self._due or self._due[0].at > self._clock():
            return None
        due = heapq.heappop(self._due)
        attempt = self._counts.count(due.delivery.key)
        message = replace(due.delivery.message, delivery_attempt=attempt)
        delivery = LeasedMessage(due.delivery.subscription, message)
        deadline = self._clock() + timedelta(seconds=self._retry.deadline_seconds)
        self._leased[due.number] = (deadline, delivery)
        return due.number, delivery

    def acknowledge(self, number: int) -> None:
        leased = self._leased.pop(number, None)
        if leased:
            self._counts.forget(leased[1].key)

    def refuse(self, number: int) -> None:
        """Redeliver with back-off, or dead-letter after the last attempt."""
        leased = self._leased.pop(number, None)
        if leased:
            self._again(leased[1])

    def dead_lettered(self, number: int, cause: str, detail: str) -> None:
        """Dead-letter at once, with the cause as attributes."""
        leased = self._leased.pop(number, None)
        if leased:
            self._dead_letter(leased[1], cause, detail)

    @property
    def waiting(self) -> int:
        """Messages that are queued or leased."""
        return len(self._due) + len(self._leased)

    def next_due(self) -> datetime | None:
        """Return when the next message can be leased; None when there is none."""
        deadlines = [deadline for deadline, _ in self._leased.values()]
        return min([due.at for due in self._due[:1]] + deadlines, default=None)

    def _message(
        self, topic: str, body: bytes, attributes: Mapping[str, str], message_id: str = ""
    ) -> Message:
        return Message(
            topic=topic,
            id=message_id or f"m{self._name}-{next(self._numbers)}",
            body=body,
            attributes=dict(attributes),
            published_at=self._clock(),
        )

    def _forward(self, message: Message) -> None:
        """Queue the message for every subscription whose filter it passes. Never fails."""
        self.sent += 1
        for subscription in self._subscriptions:
            if subscription.topic == message.topic and is_addressed_to(
                message.topic, message.attributes, subscription.handler
            ):
                for delay in self.faults.deliveries() if self.faults else _AT_ONCE:
                    self._queue(LeasedMessage(subscription, message), self._clock() + delay)

    def _queue(self, delivery: LeasedMessage, at: datetime) -> None:
        turn = self.faults.turn() if self.faults else 0.0
        entry = _Due(at, turn, next(self._numbers), delivery)
        heapq.heappush(self._due, entry)

    def _expire_leases(self) -> None:
        """Refuse the messages whose lease has expired."""
        now = self._clock()
        for number in [n for n, (deadline, _) in self._leased.items() if deadline <= now]:
            self.refuse(number)

    def _again(self, delivery: LeasedMessage) -> None:
        attempt = delivery.message.delivery_attempt
        if attempt >= self._retry.attempts and delivery.subscription.dead_letter_topic:
            self._dead_letter(delivery, TOO_OFTEN, f"{attempt} deliveries")
        elif attempt < self._retry.attempts and not self._is_stale(delivery):
            self._queue(delivery, self._clock() + self._retry.gap(attempt))
        else:
            self._counts.forget(delivery.key)

    def _is_stale(self, delivery: LeasedMessage) -> bool:
        age = (self._clock() - delivery.message.published_at).total_seconds()
        return delivery.subscription.is_signal and age > self._retry.signal_seconds

    def _dead_letter(self, delivery: LeasedMessage, cause: str, detail: str) -> None:
        topic = delivery.subscription.dead_letter_topic
        self._counts.forget(delivery.key)
        if topic is None:
            return
        message, source = delivery.message, delivery.subscription
        attributes = dead_letter_attributes(
            message, subscription=source.name, project="local", cause=cause, detail=detail
        )
        self._forward(self._message(topic, message.body, attributes))
