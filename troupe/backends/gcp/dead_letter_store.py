"""Dead letters on Google Cloud, read from the pull subscriptions of the operators.

To read removes nothing: a pulled message is leased, and its lease is released unless an operator
settles the letter.
"""

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from google.api_core import exceptions as api
from google.auth.credentials import AnonymousCredentials
from google.cloud.pubsub_v1 import SubscriberClient

from events.ids import dead_letter_topic
from handlers.dispatch.dead_letters import CAUSE, SOURCE, TOO_OFTEN, StoredDeadLetter
from tracking import Row
from troupe.backends.pubsub_push import topic_of_subscription
from troupe.deployment.topology import subscriptions

from .failures import translated
from .settings import GcpSettings

PEOPLE = "people"
"""First part of the names of the operators' subscriptions to dead letters."""
LEASE_SECONDS = 600
_AT_ONCE = 500
_CALL_SECONDS = 20.0


def operator_subscription(handler: str) -> str:
    """Return the subscription that keeps this handler's dead letters for operators.

    It is `people.dead-letter-plan-run` for `plan-run`, and is read by pull.
    """
    return f"{PEOPLE}.{dead_letter_topic(handler)}"


class PubSubDeadLetters:
    """The dead letters that wait for an operator. Not safe for two threads."""

    def __init__(
        self,
        settings: GcpSettings,
        client: SubscriberClient | None = None,
        patience_seconds: float = 4.0,
    ) -> None:
        """A pull without a message for `patience_seconds` ends the reading of a subscription."""
        self._settings, self._patience_seconds = settings, patience_seconds
        self._client = client or subscriber_client()
        self._held: dict[tuple[str, str], tuple[StoredDeadLetter, str, str]] = {}
        """By handler and message id: the letter, its subscription and its acknowledgement id."""

    def find(
        self,
        handler: str | None = None,
        cause: str | None = None,
        since: datetime | None = None,
        letter_id: str | None = None,
    ) -> list[StoredDeadLetter]:
        """Return the dead letters that wait, oldest first, without removing them.

        Raises `Redeliver` when Pub/Sub does not answer.
        """
        self._pull([handler] if handler else _handlers())
        letters = [letter for letter, _, _ in self._held.values()]
        return sorted(
            (
                letter
                for letter in letters
                if handler in (None, letter.handler)
                and cause in (None, letter.cause)
                and (since is None or letter.dead_lettered_at >= since)
                and letter_id in (None, letter.letter_id, letter.event_id)
            ),
            key=lambda letter: (letter.dead_lettered_at, letter.letter_id),
        )

    def waiting(self) -> list[Row]:
        """Count the dead letters that wait, by handler and cause."""
        groups = Counter((letter.handler, letter.cause) for letter in self.find())
        return [{"handler": h, "cause": c, "count": n} for (h, c), n in sorted(groups.items())]

    def settle(self, letter: StoredDeadLetter, state: str) -> None:
        """Acknowledge a letter that an operator has replayed or discarded."""
        held = self._held.pop((letter.handler, letter.letter_id), None)
        if held is None:
            return
        _, path, ack = held
        with translated("pubsub", "acknowledging a dead letter"):
            self._client.acknowledge(subscription=path, ack_ids=[ack], timeout=_CALL_SECONDS)

    def release(self) -> None:
        """End the leases of all letters that are not settled, so that others can read them at once."""
        held, self._held = self._held, {}
        for _, path, ack in held.values():
            self._extend(path, [ack], 0)

    def close(self) -> None:
        self.release()
        self._client.close()

    def _pull(self, handlers: list[str]) -> None:
        self.release()
        paths = [self._settings.subscription(operator_subscription(name)) for name in handlers]
        # In parallel: the last pull of each subscription waits for `patience_seconds`.
        with ThreadPoolExecutor(len(paths)) as threads:
            for path, received in zip(paths, threads.map(self._all_of, paths), strict=True):
                for each in received:
                    letter = _letter(each.message, self._settings)
                    self._held[letter.handler, letter.letter_id] = letter, path, each.ack_id

    def _all_of(self, path: str) -> list[Any]:
        """Pull and lease all messages of a subscription; one message may come twice."""
        messages = []
        while received := self._received(path):
            self._extend(path, [each.ack_id for each in received], LEASE_SECONDS)
            messages += received
        return messages

    def _received(self, path: str) -> list[Any]:
        with translated("pubsub", f"pulling {path.rsplit('/', 1)[-1]}"):
            try:
                answer = self._client.pull(
                    subscription=path,
                    max_messages=_AT_ONCE,
                    retry=None,
                    timeout=self._patience_seconds,
                )
            except api.DeadlineExceeded:
                return []
        return list(answer.received_messages)

    def _extend(self, path: str, acks: list[str], seconds: int) -> None:
        if acks:
            with translated("pubsub", "holding dead letters"):
                self._client.modify_ack_deadline(
                    subscription=path,
                    ack_ids=acks,
                    ack_deadline_seconds=seconds,
                    timeout=_CALL_SECONDS,
                )


def subscriber_client() -> SubscriberClient:
    """Return Pub/Sub's client; the emulator takes no credentials."""
    if os.environ.get("PUBSUB_EMULATOR_HOST"):
        return SubscriberClient(credentials=AnonymousCredentials())
    return SubscriberClient()


def _handlers() -> list[str]:
    """Return the handlers that have dead letters."""
    return list(dict.fromkeys(each.handler for each in subscriptions() if each.dead_letter_topic))


def _letter(message: Any, settings: GcpSettings) -> StoredDeadLetter:
    attributes = dict(message.attributes)
    name = attributes.get(SOURCE, "").rsplit("/", 1)[-1].removeprefix(settings.topic_prefix)
    return StoredDeadLetter(
        letter_id=message.message_id,
        event_id=attributes.get("ce-id", message.message_id),
        topic=topic_of_subscription(name),
        handler=name.partition(".")[0],
        body=message.data,
        attributes=attributes,
        cause=attributes.get(CAUSE, TOO_OFTEN),
        dead_lettered_at=message.publish_time.astimezone(UTC),
        state="waiting",
    )
