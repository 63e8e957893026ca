"""Google's Pub/Sub emulator pushes to the real service, in both forms of a push."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import count

import pytest
import uvicorn

from events import DeadLetter, Deployment, to_pubsub
from handlers.dispatch.decode import decode_message
from handlers.dispatch.deliver import Publish
from handlers.dispatch.message import DeliveryResult, Message, Outcome
from handlers.ports import Dependencies
from tests.cloud.pubsub_emulator import wait_until
from tests.cloud.topology import Pace, lay_out
from tests.contracts.bus_suite import ATTEMPTS, DEAD, PLANNED, TICK, UPLOADED
from tests.emulators.servers import free_port
from tests.gcp.making import gcp_settings
from tests.gcp.test_bus import events
from tests.harness import LocalHarness
from troupe.backends.gcp.app import Service
from troupe.backends.gcp.bus import PubSubBus, subscriber_client
from troupe.telemetry import Telemetry

PREFIXES = count(1)


class RecordingHandler:
    """Replaces `deliver`: records each message, and returns the result that a test set."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.results: dict[str, DeliveryResult] = {}

    def __call__(
        self, message: Message, dependencies: Dependencies, publish: Publish
    ) -> DeliveryResult:
        self.messages.append(message)
        return self.results.get(message.topic, DeliveryResult(outcome=Outcome.DONE))

    def wait_for(self, messages: int) -> list[Message]:
        wait_until(lambda: len(self.messages) >= messages, 30, f"{messages} deliveries")
        return list(self.messages)


class FakeBackend:
    """The real bus, and dependencies that no test here uses."""

    def __init__(self, dependencies: Dependencies, bus: PubSubBus) -> None:
        self.dependencies, self.bus = dependencies, bus

    def close(self) -> None: ...


class PushedService:
    """A running service, and subscriptions that push to it."""

    def __init__(self, pubsub: str, dependencies: Dependencies, *, unwrapped: bool) -> None:
        self.handler = RecordingHandler()
        self.settings = replace(
            gcp_settings(TROUPE_TOPIC_PREFIX=f"push-{next(PREFIXES)}-"), port=free_port()
        )
        self.bus = PubSubBus(self.settings)
        service = Service(
            self.settings,
            lambda: FakeBackend(dependencies, self.bus),
            Telemetry(deliver=self.handler),
        )
        config = uvicorn.Config(
            service.app(), host="127.0.0.1", port=self.settings.port, log_config=None,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        wait_until(lambda: self._server.started, 30, "the service")
        with subscriber_client() as client:
            lay_out(
                self.settings, self.bus.client, client,
                lambda _: f"http://127.0.0.1:{self.settings.port}/",
                Pace(ack_deadline_seconds=60, first_seconds=0.1, most_seconds=0.2,
                     attempts=ATTEMPTS),
                (PLANNED, UPLOADED, TICK, DEAD), unwrapped=unwrapped,
            )  # fmt: skip

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self.bus.close()


@pytest.fixture(params=["wrapped", "unwrapped"])
def service(
    pubsub: str,
    harness: LocalHarness,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Iterator[PushedService]:
    """With wrapped and unwrapped push requests."""
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", pubsub)
    made = PushedService(
        pubsub, harness.backend.dependencies, unwrapped=request.param == "unwrapped"
    )
    yield made
    made.close()


def own(attributes: Mapping[str, str]) -> dict[str, str]:
    """The attributes without those that HTTP adds."""
    return {name: v for name, v in attributes.items() if name.startswith(("ce-", "colour"))}


def read(message: Message) -> DeadLetter:
    """The dead letter, as `record-dead-letter` gets it."""
    letter = decode_message(message, Deployment("d1")).event
    assert isinstance(letter, DeadLetter)
    return letter


def test_an_event_is_pushed_as_it_was_published(service: PushedService) -> None:
    """Body, attributes, topic and id."""
    (event,) = events(1)
    body, attributes = to_pubsub(event)
    service.bus.publish([event])

    (message,) = service.handler.wait_for(1)

    assert ("batch-planned", body, own(attributes)) == (
        message.topic, message.body, own(message.attributes),
    )  # fmt: skip
    assert attributes["content-type"] == message.attributes["content-type"]


def test_what_is_acknowledged_is_not_pushed_again(service: PushedService) -> None:
    """Status 204 acknowledges; forty events arrive once each."""
    service.bus.publish(events(40))

    arrived = Counter(each.attributes["ce-id"] for each in service.handler.wait_for(40))

    assert 40 == len(arrived)
    assert {1} == set(arrived.values())


def test_what_is_refused_is_pushed_again(service: PushedService) -> None:
    """Status 503 refuses; the same message is pushed until it is acknowledged."""
    service.handler.results["watch-tick"] = DeliveryResult(outcome=Outcome.REDELIVER)
    service.bus.send("watch-tick", b"x", {"colour": "red"})

    messages = service.handler.wait_for(2)
    service.handler.results.clear()

    assert 1 == len({each.id for each in messages})
    assert [{"colour": "red"}] * len(messages) == [own(each.attributes) for each in messages]


def test_what_is_refused_too_often_is_a_dead_letter(service: PushedService) -> None:
    """Pub/Sub forwards it, and `record-dead-letter` receives it."""
    service.handler.results["jsonl-uploaded"] = DeliveryResult(outcome=Outcome.REDELIVER)
    service.bus.send("jsonl-uploaded", b"x", {"ce-id": "f1"})

    messages = service.handler.wait_for(ATTEMPTS + 1)

    assert ["jsonl-uploaded"] * ATTEMPTS + ["dead-letter-submit-job"] == [
        each.topic for each in messages
    ]
    letter = read(messages[-1])
    assert ("too_many_deliveries", ATTEMPTS, "x") == (
        letter.cause, letter.deliveries, letter.body,
    )  # fmt: skip


def test_a_rejected_message_is_a_dead_letter_at_once(service: PushedService) -> None:
    """The service publishes it to the dead-letter topic with its cause, and acknowledges."""
    service.handler.results["jsonl-uploaded"] = DeliveryResult(
        outcome=Outcome.DEAD_LETTER, cause="object_conflict", detail="other content"
    )
    service.bus.send("jsonl-uploaded", b"x", {"ce-id": "f1"})

    messages = service.handler.wait_for(2)

    assert ["jsonl-uploaded", "dead-letter-submit-job"] == [each.topic for each in messages]
    letter = read(messages[-1])
    assert ("object_conflict", messages[0].id) == (letter.cause, letter.message_id)


@pytest.mark.xfail(strict=True, reason="the emulator's pushes carry no delivery attempt")
def test_a_push_says_which_attempt_it_is(service: PushedService) -> None:
    """Google documents it for wrapped pushes with a dead-letter policy; unwrapped ones have none."""
    service.handler.results["jsonl-uploaded"] = DeliveryResult(outcome=Outcome.REDELIVER)
    service.bus.send("jsonl-uploaded", b"x", {})
    messages = service.handler.wait_for(2)
    service.handler.results.clear()

    assert [1, 2] == [each.delivery_attempt for each in messages[:2]]
