"""The bus on Google Cloud: publishes events and dead letters to Pub/Sub."""

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import Future

from google.api_core import exceptions as api
from google.api_core.retry import Retry, if_exception_type
from google.auth.credentials import AnonymousCredentials
from google.cloud.pubsub_v1 import PublisherClient, SubscriberClient
from google.cloud.pubsub_v1.types import BatchSettings

from events import Envelope
from events.cloudevents import message_of
from handlers.dispatch.dead_letters import dead_letter_attributes
from handlers.dispatch.message import Message
from troupe.deployment.topology import Subscription

from .failures import translated
from .settings import GcpSettings

PATIENCE_SECONDS = 30.0
"""A publish that takes longer fails, and the redelivery of its cause repeats it."""
_BATCH = BatchSettings(max_messages=100, max_bytes=1_000_000, max_latency=0.005)
_AGAIN = Retry(
    predicate=if_exception_type(
        api.ServiceUnavailable, api.InternalServerError, api.TooManyRequests, api.Aborted
    ),
    initial=0.1,
    maximum=5.0,
    timeout=PATIENCE_SECONDS,
)


class PubSubBus:
    """Publishes messages; a call returns when Pub/Sub has accepted all of them."""

    def __init__(self, settings: GcpSettings, client: PublisherClient | None = None) -> None:
        self.settings = settings
        self.client = client or publisher_client()

    def publish(self, envelopes: Iterable[Envelope]) -> None:
        """Publish all of them, in no order. Raises `Redeliver` when one may not be published."""
        for each in [self._send(*message_of(envelope)) for envelope in envelopes]:
            _result(each)

    def send(
        self, topic: str, body: bytes, attributes: Mapping[str, str], message_id: str = ""
    ) -> str:
        """Publish raw bytes; return the message id, which Pub/Sub assigns.

        Raises `ValueError` for a `message_id`, which only the local bus takes.
        """
        if message_id:
            raise ValueError("Pub/Sub assigns message ids itself: leave the message id out")
        return _result(self._send(topic, body, attributes))

    def dead_lettered(
        self, message: Message, subscription: Subscription, cause: str, detail: str
    ) -> None:
        """Publish to the dead-letter topic, with the cause as attributes; a signal is dropped.

        Pub/Sub itself would do so only after the last delivery attempt. The caller acknowledges
        afterwards.
        """
        if subscription.dead_letter_topic is None:
            return
        attributes = dead_letter_attributes(
            message,
            subscription=f"{self.settings.topic_prefix}{subscription.name}",
            project=self.settings.project,
            cause=cause,
            detail=detail,
        )
        self.send(subscription.dead_letter_topic, message.body, attributes)

    def close(self) -> None:
        """Send what is buffered, then close the client."""
        self.client.stop()

    def _send(
        self, topic: str, body: bytes, attributes: Mapping[str, str]
    ) -> tuple[str, "Future[str]"]:
        with translated("pubsub", f"publishing to {topic}"):
            path = self.settings.topic(topic)
            return topic, self.client.publish(
                path, body, retry=_AGAIN, timeout=PATIENCE_SECONDS, **attributes
            )


def _result(sent: tuple[str, "Future[str]"]) -> str:
    topic, future = sent
    with translated("pubsub", f"publishing to {topic}"):
        return future.result(timeout=PATIENCE_SECONDS + 5)


def publisher_client() -> PublisherClient:
    """Return Pub/Sub's client; the emulator takes no credentials."""
    if os.environ.get("PUBSUB_EMULATOR_HOST"):
        return PublisherClient(_BATCH, credentials=AnonymousCredentials())
    return PublisherClient(_BATCH)


def subscriber_client() -> SubscriberClient:
    """Return Pub/Sub's client for subscriptions, which `troupe doctor` reads."""
    if os.environ.get("PUBSUB_EMULATOR_HOST"):
        return SubscriberClient(credentials=AnonymousCredentials())
    return SubscriberClient()
