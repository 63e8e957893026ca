"""What every form of the bus has to do: at least once, dead letters, replays for one handler."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import pytest

from events import BatchPlanned, Envelope, from_pubsub
from handlers.dispatch.dead_letters import (
    REPLAY_COUNT,
    REPLAY_FOR,
    StoredDeadLetter,
    replay_attributes,
)
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
"""The fewest that Pub/Sub allows before it gives a message up (documented)."""


class LeasedMessage(Protocol):
    """One message on its way to one subscription."""

    @property
    def message(self) -> Message: ...
    @property
    def subscription(self) -> Subscription: ...


class DeadLetters(Protocol):
    def find(
        self,
        handler: str | None = None,
        cause: str | None = None,
        since: datetime | None = None,
        letter_id: str | None = None,
    ) -> list[StoredDeadLetter]: ...
    def settle(self, letter: StoredDeadLetter, state: str) -> None: ...


class Room(Protocol):
    """A bus with the subscriptions above, of which each delivers again soon."""

    @property
    def letters(self) -> DeadLetters: ...
    def publish(self, envelopes: Sequence[Envelope]) -> None: ...
    def send(self, topic: str, body: bytes, attributes: Mapping[str, str]) -> str: ...
    def lease(self) -> tuple[int, LeasedMessage]:
        """The next message, whenever it comes."""
        ...

    def nothing_comes(self) -> bool:
        """Now or soon."""
        ...

    def acknowledge(self, number: int) -> None: ...
    def refuse(self, number: int) -> None: ...
    def dead_lettered(self, number: int, cause: str, detail: str) -> None: ...
    def now(self) -> datetime: ...


class BusSuite:
    """A form gives the fixture `room`."""

    def take(self, room: Room) -> Message:
        number, delivery = room.lease()
        room.acknowledge(number)
        return delivery.message

    def drained(self, room: Room, count: int) -> list[Message]:
        return [self.take(room) for _ in range(count)]

    def planned(self, batch: int = 1) -> Envelope:
        return wrapped(
            BatchPlanned(run_id="r", planned_on="2026-03-02", batch=batch, attempt=1, records=1)
        )

    def given_up(self, room: Room, **attributes: str) -> Message:
        """A message that is refused until it is delivered no more; its last delivery."""
        room.send("jsonl-uploaded", b"body", attributes)
        for _ in range(ATTEMPTS):
            number, delivery = room.lease()
            room.refuse(number)
        return delivery.message

    # Delivery

    def test_a_message_arrives_as_it_was_sent(self, room: Room) -> None:
        """Body, attributes, id and time."""
        before = room.now()
        id_ = room.send("watch-tick", b"\x00\xff body", {"colour": "red", "name": "ü😀"})

        _, delivery = room.lease()

        message = delivery.message
        assert ("watch-tick", id_, b"\x00\xff body", {"colour": "red", "name": "ü😀"}, 1) == (
            message.topic, message.id, message.body, dict(message.attributes),
            message.delivery_attempt,
        )  # fmt: skip
        assert TICK == delivery.subscription
        assert timedelta(0) == message.published_at.utcoffset()
        assert abs(message.published_at - before) < timedelta(minutes=1)

    def test_a_message_may_have_attributes_alone(self, room: Room) -> None:
        """As a storage notification without its object has."""
        room.send("watch-tick", b"", {"tick": "x"})

        message = self.take(room)

        assert (b"", {"tick": "x"}) == (message.body, dict(message.attributes))

    def test_an_event_is_read_as_it_was_told(self, room: Room) -> None:
        """Every attribute of its event, to the microsecond."""
        told = self.planned()
        room.publish([told])

        message = self.take(room)

        assert told == from_pubsub(message.body, message.attributes)

    def test_every_subscription_gets_its_own_copy(self, room: Room) -> None:
        """One acknowledges, the other does not."""
        room.publish([self.planned()])

        first, one = room.lease()
        second, other = room.lease()
        room.acknowledge(first)
        room.refuse(second)

        assert {"write-jsonl", "audit"} == {
            one.subscription.handler, other.subscription.handler
        }  # fmt: skip
        number, again = room.lease()
        assert other.subscription == again.subscription
        room.acknowledge(number)
        assert room.nothing_comes()

    def test_many_events_at_once_all_arrive(self, room: Room) -> None:
        """More than one request to the service holds."""
        count = 250
        room.publish([self.planned(batch) for batch in range(1, count + 1)])

        arrived = {(each.attributes["ce-id"], each.id) for each in self.drained(room, 2 * count)}

        assert count == len({event for event, _ in arrived}) == len({id_ for _, id_ in arrived})

    def test_a_topic_nobody_listens_to_is_no_error(self, room: Room) -> None:
        """The message has an id, and is gone."""
        assert room.send("dead-letter-audit", b"x", {})
        assert room.nothing_comes()

    def test_message_ids_differ(self, room: Room) -> None:
        """A request without an id is named by its message."""
        assert 20 == len({room.send("watch-tick", b"x", {}) for _ in range(20)})

    def test_an_acknowledged_message_does_not_come_again(self, room: Room) -> None:
        """Once is enough."""
        room.send("jsonl-uploaded", b"x", {})
        self.take(room)

        assert room.nothing_comes()

    def test_a_refused_message_comes_again_and_says_so(self, room: Room) -> None:
        """The same message, the next attempt."""
        id_ = room.send("jsonl-uploaded", b"x", {"n": "1"})
        number, _ = room.lease()
        room.refuse(number)

        message = self.take(room)

        assert (id_, b"x", {"n": "1"}, 2) == (
            message.id, message.body, dict(message.attributes), message.delivery_attempt,
        )  # fmt: skip

    def test_a_leased_message_is_not_leased_twice(self, room: Room) -> None:
        """Until its deadline."""
        room.send("jsonl-uploaded", b"x", {})
        room.lease()

        assert room.nothing_comes()

    # Dead letters

    def test_after_the_last_attempt_it_is_a_dead_letter(self, room: Room) -> None:
        """Body and attributes as they were, and those that Pub/Sub adds."""
        last = self.given_up(room, **{"ce-id": "f1", "colour": "red"})

        letter = self.take(room)

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
        assert room.nothing_comes()

    def test_poison_goes_straight_to_the_dead_letters_with_its_cause(self, room: Room) -> None:
        """At the first delivery; no attribute is longer than Pub/Sub takes."""
        room.send("jsonl-uploaded", b"body", {"ce-id": "f1"})
        number, _ = room.lease()

        room.dead_lettered(number, "object_conflict", "ü" * 1_000)

        letter = self.take(room)
        assert ("dead-letter-submit-job", b"body", "f1", "object_conflict", "1") == (
            letter.topic,
            letter.body,
            letter.attributes["ce-id"],
            letter.attributes["troupe-cause"],
            letter.attributes["CloudPubSubDeadLetterSourceDeliveryCount"],
        )
        assert 1_024 == len(letter.attributes["troupe-detail"].encode())
        assert room.nothing_comes()

    def test_a_signal_that_is_dead_lettered_is_dropped(self, room: Room) -> None:
        """Nothing to replay."""
        room.send("watch-tick", b"x", {})
        number, _ = room.lease()

        room.dead_lettered(number, "cause", "detail")

        assert room.nothing_comes()

    def test_looking_at_dead_letters_takes_nothing_away(self, room: Room) -> None:
        """They are there for the next who looks."""
        self.poisoned(room, "f1", "object_conflict")
        self.poisoned(room, "f2", "output_missing")

        for _ in range(2):
            assert {"f1", "f2"} == {each.event_id for each in room.letters.find("submit-job")}

    def test_dead_letters_are_found_by_cause_time_and_event(self, room: Room) -> None:
        """Whatever an operator knows of them."""
        self.poisoned(room, "f1", "object_conflict")
        self.poisoned(room, "f2", "output_missing")

        find = room.letters.find
        assert ["f2"] == [each.event_id for each in find("submit-job", cause="output_missing")]
        assert ["f1"] == [each.event_id for each in find("submit-job", letter_id="f1")]
        assert [] == find("submit-job", since=room.now() + timedelta(days=1))
        (letter,) = find("submit-job", letter_id="f1")
        assert ("jsonl-uploaded", "submit-job", b"body", "object_conflict", "waiting") == (
            letter.topic, letter.handler, letter.body, letter.cause, letter.state,
        )  # fmt: skip

    def test_a_settled_letter_is_gone_and_the_others_stay(self, room: Room) -> None:
        """Replayed, discarded or handled: dealt with."""
        self.poisoned(room, "f1", "cause")
        self.poisoned(room, "f2", "cause")

        (letter,) = room.letters.find("submit-job", letter_id="f1")
        room.letters.settle(letter, "discarded")

        assert ["f2"] == [each.event_id for each in room.letters.find("submit-job")]

    def test_a_replayed_letter_is_the_message_it_was(self, room: Room) -> None:
        """The same event id, nothing of the dead letter, for its handler alone."""
        self.poisoned(room, "f1", "cause")
        (letter,) = room.letters.find("submit-job")

        room.send(letter.topic, letter.body, replay_attributes(letter))
        room.letters.settle(letter, "replayed")

        message = self.take(room)
        assert ("jsonl-uploaded", b"body") == (message.topic, message.body)
        assert {"ce-id": "f1", REPLAY_FOR: "submit-job", REPLAY_COUNT: "1"} == dict(
            message.attributes
        )
        assert [] == room.letters.find("submit-job")

    def test_a_replay_that_fails_again_is_a_dead_letter_again(self, room: Room) -> None:
        """And `record-dead-letter` hears of it: the name of the failed handler is taken off."""
        self.poisoned(room, "f1", "cause", **{REPLAY_FOR: "submit-job", REPLAY_COUNT: "1"})

        (letter,) = room.letters.find("submit-job")
        assert REPLAY_FOR not in letter.attributes
        assert "2" == replay_attributes(letter)[REPLAY_COUNT]

    def poisoned(self, room: Room, event: str, cause: str, **attributes: str) -> None:
        """Dead-lettered at its first delivery, and heard of by `record-dead-letter`."""
        room.send("jsonl-uploaded", b"body", {"ce-id": event} | attributes)
        number, _ = room.lease()
        room.dead_lettered(number, cause, "detail")
        assert "dead-letter-submit-job" == self.take(room).topic

    # Replays

    @pytest.mark.parametrize(
        ("attributes", "takers"),
        [
            ({}, {"write-jsonl", "audit"}),
            ({REPLAY_FOR: "write-jsonl"}, {"write-jsonl"}),
            ({REPLAY_FOR: "audit"}, {"audit"}),
            ({REPLAY_FOR: "nobody"}, set()),
        ],
    )
    def test_a_replay_is_for_one_handler_alone(
        self, room: Room, attributes: dict[str, str], takers: set[str]
    ) -> None:
        """The filter that every subscription has."""
        room.send("batch-planned", b"x", attributes)
        found = set()
        for _ in takers:
            number, delivery = room.lease()
            found.add(delivery.subscription.handler)
            room.acknowledge(number)

        assert takers == found
        assert room.nothing_comes()
