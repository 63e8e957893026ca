"""A Pub/Sub worker that pulls, for tests: the same methods as `LocalBus` has."""

from collections.abc import Iterable
from datetime import UTC
from functools import partial
from itertools import count
from queue import Empty, Queue
from typing import Any

from google.cloud.pubsub_v1.types import FlowControl

from events.cloudevents import is_addressed_to
from handlers.dispatch.message import Message
from troupe.backends.gcp.app import PushedMessage
from troupe.backends.gcp.bus import PubSubBus, subscriber_client
from troupe.backends.gcp.settings import GcpSettings
from troupe.deployment.topology import Subscription

_ONE_AT_A_TIME = FlowControl(max_messages=1)


class PullingWorker:
    """Leases messages one by one. The client extends each lease until the test settles it."""

    def __init__(
        self, settings: GcpSettings, bus: PubSubBus, subscriptions: Iterable[Subscription]
    ) -> None:
        """Pull these subscriptions, none of which may have a push endpoint."""
        self._bus = bus
        self._client = subscriber_client()
        self._received: Queue[tuple[Subscription, Any]] = Queue()
        self._leased: dict[int, tuple[PushedMessage, Any]] = {}
        self._numbers = count(1)
        self._streams = [
            self._client.subscribe(
                settings.subscription(each.name),
                callback=partial(self._take, each),
                flow_control=_ONE_AT_A_TIME,
            )
            for each in subscriptions
        ]

    def lease(self, wait_seconds: float = 0.0) -> tuple[int, PushedMessage] | None:
        """Return the next message and its lease number; None when none came in time."""
        try:
            subscription, received = self._received.get(wait_seconds > 0, wait_seconds or None)
        except Empty:
            return None
        number = next(self._numbers)
        pushed = PushedMessage(_message(subscription, received), subscription)
        self._leased[number] = pushed, received
        return number, pushed

    def acknowledge(self, number: int) -> None:
        _, received = self._leased.pop(number)
        received.ack()

    def refuse(self, number: int) -> None:
        """Let Pub/Sub redeliver with back-off, or dead-letter after the last attempt."""
        _, received = self._leased.pop(number)
        received.nack()

    def dead_lettered(self, number: int, cause: str, detail: str) -> None:
        """Publish to the dead-letter topic, then acknowledge. Raises `Redeliver`."""
        pushed, _ = self._leased[number]
        self._bus.dead_lettered(pushed.message, pushed.subscription, cause, detail)
        self.acknowledge(number)

    def close(self) -> None:
        """Stop pulling. Pub/Sub redelivers what was not acknowledged."""
        for stream in self._streams:
            stream.cancel()
            stream.result()
        self._client.close()

    def _take(self, subscription: Subscription, received: Any) -> None:
        if is_addressed_to(subscription.topic, received.attributes, subscription.handler):
            self._received.put((subscription, received))
        else:
            # The subscription's own filter should have dropped it.
            received.ack()


def _message(subscription: Subscription, received: Any) -> Message:
    return Message(
        topic=subscription.topic,
        id=received.message_id,
        body=received.data,
        attributes=dict(received.attributes),
        published_at=received.publish_time.astimezone(UTC),
        delivery_attempt=received.delivery_attempt or 1,
    )
