"""The bus on Google Cloud: behaviour beyond the contract suite, and translated errors."""

from collections.abc import Iterator
from concurrent.futures import Future
from itertools import count
from typing import Any

import pytest
from google.api_core import exceptions as api

from events import BatchPlanned
from handlers.dispatch.errors import Redeliver, Reject
from tests.cloud.fixtures import pubsub
from tests.cloud.topology import Pace, lay_out
from tests.contracts.bus_suite import PLANNED
from tests.emulators.fixtures import emulator_folder
from tests.events.making import wrapped
from tests.gcp.making import gcp_settings
from tests.gcp.serving import message
from troupe.backends.gcp.bus import PubSubBus, subscriber_client

__all__ = ["emulator_folder", "pubsub"]

PREFIXES = count(1)


class Publisher:
    """Answers each publish with the next reply: a message id or an error."""

    def __init__(self, *replies: str | Exception) -> None:
        self._replies = list(replies)
        self.sent: list[tuple[str, bytes, dict[str, str]]] = []

    def publish(self, topic: str, body: bytes, **options: Any) -> "Future[str]":
        reply = self._replies.pop(0)
        given = {k: v for k, v in options.items() if k not in ("retry", "timeout")}
        self.sent.append((topic, body, given))
        future: Future[str] = Future()
        if isinstance(reply, Exception):
            future.set_exception(reply)
        else:
            future.set_result(reply)
        return future


def events(number: int) -> list[Any]:
    return [
        wrapped(BatchPlanned(run_id="r", planned_on="2026-03-02", batch=n, attempt=1, records=1))
        for n in range(1, number + 1)
    ]


def test_a_publish_fails_when_one_of_its_events_may_be_unpublished() -> None:
    """The others may be published; publishing twice is harmless."""
    publisher = Publisher("1", TimeoutError(), "3")
    bus = PubSubBus(gcp_settings(), publisher)

    with pytest.raises(Redeliver, match="batch-planned"):
        bus.publish(events(3))

    assert 3 == len(publisher.sent)


@pytest.mark.parametrize(
    ("kind", "renamed"),
    [
        (api.DeadlineExceeded, Redeliver),
        (api.NotFound, Redeliver),
        (api.PermissionDenied, Redeliver),
        (api.ServiceUnavailable, Redeliver),
        (api.InvalidArgument, Reject),
    ],
)
def test_errors_are_translated(kind: type[Exception], renamed: type[Exception]) -> None:
    """Handlers see errors of the delivery loop, none of Google's."""
    bus = PubSubBus(gcp_settings(), Publisher(kind("")))

    with pytest.raises(renamed):
        bus.send("watch-tick", b"x", {})


def test_topics_carry_the_prefix_of_the_deployment() -> None:
    """Several deployments share a project."""
    publisher = Publisher("1")
    PubSubBus(gcp_settings(TROUPE_TOPIC_PREFIX="dev-"), publisher).publish(events(1))

    assert "projects/stories/topics/dev-batch-planned" == publisher.sent[0][0]


def test_a_message_id_cannot_be_set() -> None:
    """Pub/Sub assigns it."""
    with pytest.raises(ValueError, match="message id"):
        PubSubBus(gcp_settings(), Publisher()).send("watch-tick", b"x", {}, "m1")


def test_a_dead_letter_names_the_subscription_as_pubsub_would() -> None:
    """With the prefix, by which a replay finds the topic."""
    publisher = Publisher("1")
    bus = PubSubBus(gcp_settings(TROUPE_TOPIC_PREFIX="dev-"), publisher)
    bus.dead_lettered(message("batch-planned", b"x", {}), PLANNED, "cause", "detail")

    topic, body, attributes = publisher.sent[0]
    assert ("projects/stories/topics/dev-dead-letter-write-jsonl", b"x") == (topic, body)
    assert ("dev-write-jsonl.batch-planned", "stories", "cause") == (
        attributes["CloudPubSubDeadLetterSourceSubscription"],
        attributes["CloudPubSubDeadLetterSourceSubscriptionProject"],
        attributes["troupe-cause"],
    )


@pytest.fixture
def emulated(pubsub: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[PubSubBus]:
    """A bus on the emulator, with one subscription of one handler."""
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", pubsub)
    settings = gcp_settings(TROUPE_TOPIC_PREFIX=f"bus-{next(PREFIXES)}-")
    bus = PubSubBus(settings)
    with subscriber_client() as made:
        lay_out(settings, bus.client, made, lambda _: None, Pace(), [PLANNED])
    yield bus
    bus.close()


def test_publishing_to_a_missing_topic_is_redelivered(emulated: PubSubBus) -> None:
    """Terraform may create it later."""
    with pytest.raises(Redeliver):
        emulated.send("no-such-topic", b"x", {})
