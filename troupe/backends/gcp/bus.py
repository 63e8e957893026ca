"""Pub/Sub: events go out, and what can never succeed goes to the dead letters of its handler."""

import os
from collections.abc import Iterable, Mapping
from concurrent.futures import Future

from google.api_core import exceptions as api
from google.api_core.retry import Retry, if_exception_type
from google.auth.credentials import AnonymousCredentials
from google.cloud.pubsub_v1 import PublisherClient  # type: ignore[import-untyped]
from google.cloud.pubsub_v1.types import BatchSettings  # type: ignore[import-untyped]

from events import Envelope, to_pubsub, topic_of_type
from handlers.dispatch.message import Message
from troupe.backends.dead_letters import dead_letter_attributes
from troupe.deployment.topology import Subscription

from .failures import translated
from .settings import GcpSettings

PATIENCE_SECONDS = 30.0
"""A publish that takes longer is left to the message's redelivery."""
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
    """Publishes; a call returns once the service has taken everything."""

    def __init__(self, settings: GcpSettings, client: PublisherClient | None = None) -> None:
        self.settings = settings
        self.client = client or _client()
        """The official one, for whoever lays topics out."""

    def publish(self, envelopes: Iterable[Envelope]) -> None:
        """All of them, in no order. Raises `Redeliver` when one of them may not be out."""
        sent = []
        for envelope in envelopes:
            body, attributes = to_pubsub(envelope)
            sent.append(self._send(topic_of_type(envelope.type), body, attributes))
        for each in sent:
            _result(each)

    def send(
        self, topic: str, body: bytes, attributes: Mapping[str, str], message_id: str = ""
    ) -> str:
        """Publish raw bytes; returns the id that Pub/Sub gave, which nobody can request for."""
        if message_id:
            raise ValueError("Pub/Sub numbers its messages itself: leave the message id out")
        return _result(self._send(topic, body, attributes))

    def dead_lettered(
        self, message: Message, subscription: Subscription, cause: str, detail: str
    ) -> None:
        """Straight to the dead letters, with the reason as attributes; a signal is dropped.

        Pub/Sub would do it only after the last delivery. The caller acknowledges afterwards.
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
        """What was given to it is sent first."""
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


def _client() -> PublisherClient:
    """The emulator has no identities to ask for."""
    if os.environ.get("PUBSUB_EMULATOR_HOST"):
        return PublisherClient(_BATCH, credentials=AnonymousCredentials())  # type: ignore[no-untyped-call]
    return PublisherClient(_BATCH)
