"""Dead letters of the cloud: read from the pull subscriptions that people have, kept until settled.

Looking takes nothing away: what was pulled is leased, and goes back unless it was settled.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from google.api_core import exceptions as api
from google.cloud.pubsub_v1 import SubscriberClient  # type: ignore[import-untyped]

from events.ids import dead_letter_topic
from handlers.dispatch.dead_letters import CAUSE, TOO_OFTEN
from tracking import Row
from troupe.backends.dead_letters import SOURCE, StoredDeadLetter
from troupe.backends.pubsub_push import topic_of_subscription
from troupe.deployment.topology import subscriptions

from .failures import translated
from .pull_worker import subscriber
from .settings import GcpSettings

PEOPLE = "people"
"""Who subscribes to dead letters beside `record-dead-letter`, by pull."""
LEASE_SECONDS = 600
_AT_ONCE = 500
_CALL_SECONDS = 20.0


def people_subscription(handler: str) -> str:
    """`people.dead-letter-plan-run` keeps what `plan-run` could not handle."""
    return f"{PEOPLE}.{dead_letter_topic(handler)}"


class PubSubDeadLetters:
    """The dead letters that wait for an operator. Not for two threads."""

    def __init__(
        self,
        settings: GcpSettings,
        client: SubscriberClient | None = None,
        patience_seconds: float = 4.0,
    ) -> None:
        """`patience_seconds` without a message: then there is none."""
        self._settings, self._patience_seconds = settings, patience_seconds
        self._client = client or subscriber()
        self._held: dict[tuple[str, str], tuple[StoredDeadLetter, str, str]] = {}
        """By handler and message id: the letter, its subscription and the lease's own id."""

    def find(
        self,
        handler: str | None = None,
        cause: str | None = None,
        since: datetime | None = None,
        letter_id: str | None = None,
    ) -> list[StoredDeadLetter]:
        """The dead letters that wait, oldest first. They stay where they are.

        Raises `Redeliver` when Pub/Sub does not answer.
        """
        self._pull([handler] if handler else _handlers())
        found = [letter for letter, _, _ in self._held.values()]
        return sorted(
            (
                letter
                for letter in found
                if handler in (None, letter.handler)
                and cause in (None, letter.cause)
                and (since is None or letter.dead_lettered_at >= since)
                and letter_id in (None, letter.letter_id, letter.event_id)
            ),
            key=lambda letter: (letter.dead_lettered_at, letter.letter_id),
        )

    def waiting(self) -> list[Row]:
        """How many wait, by handler and cause."""
        groups = Counter((letter.handler, letter.cause) for letter in self.find())
        return [{"handler": h, "cause": c, "count": n} for (h, c), n in sorted(groups.items())]

    def settle(self, letter: StoredDeadLetter, state: str) -> None:
        """An operator has dealt with it: only now it is acknowledged."""
        held = self._held.pop((letter.handler, letter.letter_id), None)
        if held is None:
            return
        _, path, ack = held
        with translated("pubsub", "acknowledging a dead letter"):
            self._client.acknowledge(subscription=path, ack_ids=[ack], timeout=_CALL_SECONDS)

    def release(self) -> None:
        """Everything that was looked at and not settled can be seen by others at once."""
        held, self._held = self._held, {}
        for _, path, ack in held.values():
            self._extend(path, [ack], 0)

    def close(self) -> None:
        self.release()
        self._client.close()

    def _pull(self, handlers: list[str]) -> None:
        self.release()
        paths = [self._settings.subscription(people_subscription(name)) for name in handlers]
        # Side by side: each of them ends with a call that waits in vain.
        with ThreadPoolExecutor(len(paths)) as threads:
            for path, received in zip(paths, threads.map(self._all_of, paths), strict=True):
                for each in received:
                    letter = _letter(each.message, self._settings)
                    self._held[letter.handler, letter.letter_id] = letter, path, each.ack_id

    def _all_of(self, path: str) -> list[Any]:
        """Everything that waits there, leased; one message may come twice."""
        found = []
        while received := self._received(path):
            self._extend(path, [each.ack_id for each in received], LEASE_SECONDS)
            found += received
        return found

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


def _handlers() -> list[str]:
    """Those that have dead letters."""
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
