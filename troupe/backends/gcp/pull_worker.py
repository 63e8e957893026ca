"""Pub/Sub by pull, for a worker that nobody can push to: the same steps as the laptop's bus."""

import os
from collections.abc import Iterable
from datetime import UTC
from functools import partial
from itertools import count
from queue import Empty, Queue
from typing import Any

from google.auth.credentials import AnonymousCredentials
from google.cloud.pubsub_v1 import SubscriberClient  # type: ignore[import-untyped]
from google.cloud.pubsub_v1.types import FlowControl  # type: ignore[import-untyped]

from handlers.dispatch.message import Message
from troupe.backends.dead_letters import is_for
from troupe.deployment.topology import Subscription

from .bus import PubSubBus
from .http_decoding import PushedMessage
from .settings import GcpSettings

_ONE_AT_A_TIME = FlowControl(max_messages=1)


class PullingWorker:
    """Leases messages one by one. The client prolongs each lease until it is answered."""

    def __init__(
        self, settings: GcpSettings, bus: PubSubBus, subscriptions: Iterable[Subscription]
    ) -> None:
        """Of these subscriptions, none of which may have a push endpoint."""
        self._bus = bus
        self._client = subscriber()
        self._come: Queue[tuple[Subscription, Any]] = Queue()
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
        """The next message, with the number that answers it; None when none came in time."""
        try:
            subscription, told = self._come.get(wait_seconds > 0, wait_seconds or None)
        except Empty:
            return None
        number = next(self._numbers)
        pushed = PushedMessage(_message(subscription, told), subscription)
        self._leased[number] = pushed, told
        return number, pushed

    def acknowledge(self, number: int) -> None:
        _, told = self._leased.pop(number)
        told.ack()

    def refuse(self, number: int) -> None:
        """Pub/Sub delivers again with back-off, or gives up after the last attempt."""
        _, told = self._leased.pop(number)
        told.nack()

    def dead_lettered(self, number: int, cause: str, detail: str) -> None:
        """Acknowledged only once the dead letters have it. Raises `Redeliver`."""
        pushed, _ = self._leased[number]
        self._bus.dead_lettered(pushed.message, pushed.subscription, cause, detail)
        self.acknowledge(number)

    def close(self) -> None:
        """What nobody answered is delivered again."""
        for stream in self._streams:
            stream.cancel()
            stream.result()
        self._client.close()

    def _take(self, subscription: Subscription, told: Any) -> None:
        if is_for(told.attributes, subscription.handler):
            self._come.put((subscription, told))
        else:
            # The subscription's own filter should have kept it.
            told.ack()


def subscriber() -> SubscriberClient:
    """The emulator has no identities to ask for."""
    if os.environ.get("PUBSUB_EMULATOR_HOST"):
        return SubscriberClient(credentials=AnonymousCredentials())  # type: ignore[no-untyped-call]
    return SubscriberClient()


def _message(subscription: Subscription, told: Any) -> Message:
    return Message(
        topic=subscription.topic,
        id=told.message_id,
        body=told.data,
        attributes=dict(told.attributes),
        published_at=told.publish_time.astimezone(UTC),
        delivery_attempt=told.delivery_attempt or 1,
    )
