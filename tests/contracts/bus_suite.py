"""The contract suite of the bus, run on every form of it: in process and Google's emulator.

At-least-once delivery, retries, dead letters, and replays for one handler alone.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import pytest

from events import BatchPlanned, Envelope, from_pubsub
from events.cloudevents import GENERATION, HANDLER
from handlers.dispatch.dead_letters import MESSAGE_ID
from handlers.dispatch.instructions import GiveUp, Replay
from handlers.dispatch.message import Message
from tests.events.making import wrapped
from troupe.deployment.topology import Subscription

PLANNED = Subscription(
    topic="batch-planned", handler="write-jsonl", dead_letter_topic="dead-letter-write-jsonl"
)
AUDIT = Subscription(topic="batch-planned", handler="audit", dead_letter_topic="dead-letter-audit")
UPLOADED = Subscription(
    topic="jsonl-uploaded", handler="submit-job", dead_letter_topic="dead-letter-submit-job"
)
TICK = Subscription(topic="watch-tick", handler="watch-jobs", dead_letter_topic=None)
DEAD = Subscription(
    topic="dead-letter-submit-job", handler="record-dead-letter", dead_letter_topic=None
)
EVERY = (PLANNED, AUDIT, UPLOADED, TICK, DEAD)
ATTEMPTS = 5
"""The smallest maximum of delivery attempts that Pub/Sub allows (documented)."""


class LeasedMessage(Protocol):
    """One message leased from one subscription."""

    @property
    def message(self) -> Message: ...
    @property
    def subscription(self) -> Subscription: ...


class BusHarness(Protocol):
    """A bus with the subscriptions above and short retry intervals."""

    def publish(self, envelopes: Sequence[Envelope]) -> None: ...
    def send(self, topic: str, body: bytes, attributes: Mapping[str, str]) -> str: ...
    def lease(self) -> tuple[int, LeasedMessage]:
        """Wait for the next message and lease it."""
        ...

    def is_empty(self) -> bool:
        """Whether no message is due now or soon."""
        ...

    def acknowledge(self, number: int) -> None: ...
    def refuse(self, number: int) -> None: ...
    def dead_lettered(self, number: int, cause: str, detail: str) -> None: ...
    def now(self) -> datetime: ...


class BusSuite:
    """A form defines the fixture `harness`."""

    def take(self, harness: BusHarness) -> Message:
        number, delivery = harness.lease()
        harness.acknowledge(number)
        return delivery.message

    def drained(self, harness: BusHarness, count: int) -> list[Message]:
        return [self.take(harness) for _ in range(count)]

    def planned(self, batch: int = 1) -> Envelope:
        return wrapped(
            BatchPlanned(run_id="r", planned_on="2026-03-02", batch=batch, attempt=1, records=1)
        )

    def given_up(self, harness: BusHarness, **attributes: str) -> Message:
        """Refuse a message until its attempts are used up; its last delivery."""
        harness.send("jsonl-uploaded", b"body", attributes)
        for _ in range(ATTEMPTS):
            number, delivery = harness.lease()
            harness.refuse(number)
        return delivery.message

    # Delivery

    def test_a_message_arrives_as_it_was_sent(self, harness: BusHarness) -> None:
        """Body, attributes, id and time."""
        before = harness.now()
        id_ = harness.send("watch-tick", b"\x00\xff body", {"colour": "red", "name": "ü😀"})

        _, delivery = harness.lease()

        message = delivery.message
        assert ("watch-tick", id_, b"\x00\xff body", {"colour": "red", "name": "ü😀"}, 1) == (
            message.topic, message.id, message.body, dict(message.attributes),
            message.delivery_attempt,
        )  # fmt: skip
        assert TICK == delivery.subscription
        assert timedelta(0) == message.published_at.utcoffset()
        assert abs(message.published_at - before) < timedelta(minutes=1)

    def test_a_message_may_have_attributes_alone(self, harness: BusHarness) -> None:
        """As storage notifications without a body have."""
        harness.send("watch-tick", b"", {"tick": "x"})

        message = self.take(harness)

        assert (b"", {"tick": "x"}) == (message.body, dict(message.attributes))

    def test_an_event_is_read_as_it_was_published(self, harness: BusHarness) -> None:
        """Every attribute of its envelope, times to the microsecond."""
        envelope = self.planned()
        harness.publish([envelope])

        message = self.take(harness)

        assert envelope == from_pubsub(message.body, message.attributes)

    def test_every_subscription_gets_its_own_copy(self, harness: BusHarness) -> None:
        """A refusal on one subscription does not redeliver the message on the other."""
        harness.publish([self.planned()])

        first, one = harness.lease()
        second, other = harness.lease()
        harness.acknowledge(first)
        harness.refuse(second)

        assert {"write-jsonl", "audit"} == {
            one.subscription.handler, other.subscription.handler
        }  # fmt: skip
        number, again = harness.lease()
        assert other.subscription == again.subscription
        harness.acknowledge(number)
        assert harness.is_empty()

    def test_many_events_at_once_all_arrive(self, harness: BusHarness) -> None:
        """More than fit into one publish request."""
        count = 250
        harness.publish([self.planned(batch) for batch in range(1, count + 1)])

        arrived = {(each.attributes["ce-id"], each.id) for each in self.drained(harness, 2 * count)}

        assert count == len({event for event, _ in arrived}) == len({id_ for _, id_ in arrived})

    def test_publishing_to_a_topic_without_subscriptions_is_no_error(
        self, harness: BusHarness
    ) -> None:
        """The message gets an id and is dropped."""
        assert harness.send("dead-letter-audit", b"x", {})
        assert harness.is_empty()

    def test_message_ids_differ(self, harness: BusHarness) -> None:
        """A command without an id of its own gets that of its message."""
        assert 20 == len({harness.send("watch-tick", b"x", {}) for _ in range(20)})

    def test_an_acknowledged_message_does_not_come_again(self, harness: BusHarness) -> None:
        """Neither at once nor later."""
        harness.send("jsonl-uploaded", b"x", {})
        self.take(harness)

        assert harness.is_empty()

    def test_a_refused_message_is_delivered_again_with_its_attempt(
        self, harness: BusHarness
    ) -> None:
        """Same id, body and attributes, delivery attempt 2."""
        id_ = harness.send("jsonl-uploaded", b"x", {"n": "1"})
        number, _ = harness.lease()
        harness.refuse(number)

        message = self.take(harness)

        assert (id_, b"x", {"n": "1"}, 2) == (
            message.id, message.body, dict(message.attributes), message.delivery_attempt,
        )  # fmt: skip

    def test_a_leased_message_is_not_leased_twice(self, harness: BusHarness) -> None:
        """Until its acknowledgement deadline."""
        harness.send("jsonl-uploaded", b"x", {})
        harness.lease()

        assert harness.is_empty()

    # Dead letters

    def test_after_the_last_attempt_it_is_a_dead_letter(self, harness: BusHarness) -> None:
        """Its body and attributes, and the attributes that Pub/Sub adds."""
        last = self.given_up(harness, **{"ce-id": "f1", "colour": "red"})

        letter = self.take(harness)

        assert (ATTEMPTS, "dead-letter-submit-job", b"body") == (
            last.delivery_attempt, letter.topic, letter.body,
        )  # fmt: skip
        assert {
            "ce-id": "f1",
            "colour": "red",
            "CloudPubSubDeadLetterSourceDeliveryCount": str(ATTEMPTS),
        }.items() <= letter.attributes.items()
        source = letter.attributes["CloudPubSubDeadLetterSourceSubscription"]
        assert source.endswith("submit-job.jsonl-uploaded")
        assert harness.is_empty()

    def test_a_rejected_message_is_dead_lettered_at_once_with_its_cause(
        self, harness: BusHarness
    ) -> None:
        """At the first delivery; attributes are cut to 1,024 bytes, which is Pub/Sub's limit."""
        harness.send("jsonl-uploaded", b"body", {"ce-id": "f1"})
        number, _ = harness.lease()

        harness.dead_lettered(number, "object_conflict", "ü" * 1_000)

        letter = self.take(harness)
        assert ("dead-letter-submit-job", b"body", "f1", "object_conflict", "1") == (
            letter.topic,
            letter.body,
            letter.attributes["ce-id"],
            letter.attributes["troupe-cause"],
            letter.attributes["CloudPubSubDeadLetterSourceDeliveryCount"],
        )
        assert 1_024 == len(letter.attributes["troupe-detail"].encode())
        assert harness.is_empty()

    def test_a_signal_that_is_dead_lettered_is_dropped(self, harness: BusHarness) -> None:
        """Its subscription has no dead-letter topic."""
        harness.send("watch-tick", b"x", {})
        number, _ = harness.lease()

        harness.dead_lettered(number, "cause", "detail")

        assert harness.is_empty()

    def test_a_dead_letter_names_the_message_that_it_was_made_of(self, harness: BusHarness) -> None:
        """Two letters of one message are one letter, though each is a message of its own."""
        id_ = harness.send("jsonl-uploaded", b"body", {})
        number, _ = harness.lease()

        harness.dead_lettered(number, "cause", "detail")

        assert id_ == self.take(harness).attributes[MESSAGE_ID]

    # Publishing again

    def test_a_replayed_event_is_the_recorded_one_of_the_next_generation(
        self, harness: BusHarness
    ) -> None:
        """For its handler alone."""
        envelope = self.planned()
        harness.publish(
            [Replay(envelope=envelope, handler="write-jsonl", generation=2).publication()]
        )

        message = self.take(harness)

        assert envelope == from_pubsub(message.body, message.attributes)
        assert ("batch-planned", "write-jsonl", "2") == (
            message.topic, message.attributes[HANDLER], message.attributes[GENERATION],
        )  # fmt: skip
        assert harness.is_empty()

    def test_an_event_that_is_given_up_goes_to_the_dead_letters_of_its_handler(
        self, harness: BusHarness
    ) -> None:
        """With its cause and its generation."""
        harness.publish(
            [GiveUp(envelope=self.planned(), handler="submit-job", generation=1).publication()]
        )

        letter = self.take(harness)

        assert ("dead-letter-submit-job", "stuck_event", "1") == (
            letter.topic, letter.attributes["troupe-cause"], letter.attributes[GENERATION],
        )  # fmt: skip

    def test_a_replay_that_fails_again_is_a_dead_letter_of_its_generation(
        self, harness: BusHarness
    ) -> None:
        """`record-dead-letter` receives it, although the message names another handler."""
        letter = self.given_up(harness, **{HANDLER: "submit-job", GENERATION: "1"})
        assert "jsonl-uploaded" == letter.topic

        dead = self.take(harness)

        assert ("dead-letter-submit-job", "1") == (dead.topic, dead.attributes[GENERATION])

    # Replays

    @pytest.mark.parametrize(
        ("attributes", "receivers"),
        [
            ({}, {"write-jsonl", "audit"}),
            ({HANDLER: "write-jsonl"}, {"write-jsonl"}),
            ({HANDLER: "audit"}, {"audit"}),
            ({HANDLER: "unknown"}, set()),
        ],
    )
    def test_a_replay_is_for_one_handler_alone(
        self, harness: BusHarness, attributes: dict[str, str], receivers: set[str]
    ) -> None:
        """Every subscription filters by the attribute that names a handler."""
        harness.send("batch-planned", b"x", attributes)
        handlers = set()
        for _ in receivers:
            number, delivery = harness.lease()
            handlers.add(delivery.subscription.handler)
            harness.acknowledge(number)

        assert receivers == handlers
        assert harness.is_empty()
