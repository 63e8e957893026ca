"""The in-process bus alone: deadlines, back-off, restarts and injected faults."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events import BatchPlanned
from events.cloudevents import GENERATION, HANDLER
from handlers.dispatch.errors import Redeliver
from handlers.dispatch.message import Message
from tests.attached import AttachedFile
from tests.events.making import wrapped
from tests.local.fakes import HeldClock
from troupe.backends.local.bus import LeasedMessage, LocalBus, Retry
from troupe.backends.local.bus_faults import Faults
from troupe.backends.local.delivery_counts import LocalDeliveryCounts
from troupe.backends.local.warehouse import next_name
from troupe.deployment.topology import Subscription

EVENT = Subscription(
    topic="batch-planned", handler="write-jsonl", dead_letter_topic="dead-letter-x"
)
SECOND = Subscription(topic="batch-planned", handler="audit", dead_letter_topic="dead-letter-too")
SIGNAL = Subscription(topic="watch-tick", handler="watch-jobs", dead_letter_topic=None)
UPLOADED = Subscription(
    topic="jsonl-uploaded", handler="submit-job", dead_letter_topic="dead-letter-x"
)
DEAD = Subscription(topic="dead-letter-x", handler="record-dead-letter", dead_letter_topic=None)
RETRY = Retry(first_seconds=10, most_seconds=60, attempts=5, deadline_seconds=600)


class LocalBusHarness:
    """A bus with its clock and dead letters, which can be restarted."""

    def __init__(self, file: Path | None = None, **faults: Any) -> None:
        # To start a DuckDB for each takes sixteen of eighteen milliseconds.
        attached: Any = AttachedFile(file or Path(":memory:"), {})
        self.db: duckdb.DuckDBPyConnection = attached
        self.clock = HeldClock()
        self.faults = Faults(**faults)
        self.restart()

    def restart(self) -> None:
        """Start a new process on the same database; what was in memory is lost."""
        self.bus = LocalBus(
            (EVENT, SECOND, UPLOADED, SIGNAL, DEAD),
            self.clock,
            LocalDeliveryCounts(self.db),
            retry=RETRY,
            faults=self.faults,
            name=next_name(self.db),
        )

    def send(self, topic: str = "watch-tick", **attributes: str) -> str:
        return self.bus.send(topic, b"body", attributes)

    def lease(self) -> tuple[int, LeasedMessage]:
        leased = self.bus.lease()
        assert leased is not None, "nothing is due"
        return leased

    def take(self) -> Message:
        """Lease and acknowledge."""
        number, delivery = self.lease()
        self.bus.acknowledge(number)
        return delivery.message

    def drain(self) -> list[Message]:
        """Take every message, moving the clock to each due time."""
        taken = []
        while (due := self.bus.next_due()) is not None:
            self.clock.now = max(self.clock.now, due)
            taken.append(self.take())
        return taken

    def kept(self) -> list[tuple[Any, ...]]:
        return self.db.execute("SELECT * FROM local_deliveries").fetchall()


@pytest.fixture
def harness() -> Iterator[LocalBusHarness]:
    made = LocalBusHarness()
    yield made
    made.db.close()


# Delivery


def test_the_count_of_an_acknowledged_message_starts_again(harness: LocalBusHarness) -> None:
    """The same event may be republished later, and has all of its attempts then."""
    harness.send("batch-planned", **{"ce-id": "e1"})
    for _ in range(2):
        number, _ = harness.lease()
        harness.bus.refuse(number)
    harness.drain()

    assert [] == harness.kept()
    harness.send("batch-planned", **{"ce-id": "e1"})
    assert 1 == harness.lease()[1].message.delivery_attempt


def test_a_signal_is_not_delivered_again_after_ten_minutes(harness: LocalBusHarness) -> None:
    """The next tick says the same; an event is delivered until its last attempt."""
    harness.send("watch-tick")
    harness.send("jsonl-uploaded")
    harness.clock.pass_(RETRY.signal_seconds + 1)
    for _ in range(2):
        number, _ = harness.lease()
        harness.bus.refuse(number)

    assert ["jsonl-uploaded"] == [message.topic for message in harness.drain()]


def test_a_message_arrives_as_it_was_sent(harness: LocalBusHarness) -> None:
    """Body, attributes, id and time."""
    id_ = harness.send(colour="red")

    _, delivery = harness.lease()

    message = delivery.message
    assert ("watch-tick", id_, b"body", {"colour": "red"}, harness.clock(), 1) == (
        message.topic, message.id, message.body, message.attributes,
        message.published_at, message.delivery_attempt,
    )  # fmt: skip
    assert SIGNAL == delivery.subscription


def test_every_subscription_gets_its_own_copy(harness: LocalBusHarness) -> None:
    """A refusal on one subscription does not redeliver the message on the other."""
    harness.bus.publish(
        [wrapped(BatchPlanned(run_id="r", planned_on="d", batch=1, attempt=1, records=1))]
    )

    first, one = harness.lease()
    second, other = harness.lease()
    harness.bus.acknowledge(first)
    harness.bus.refuse(second)

    assert {"write-jsonl", "audit"} == {one.subscription.handler, other.subscription.handler}
    assert 1 == harness.bus.waiting


def test_publishing_to_a_topic_without_subscriptions_is_no_error(harness: LocalBusHarness) -> None:
    """The message gets an id and is dropped."""
    assert harness.send("report-written")
    assert (None, 0, None) == (harness.bus.lease(), harness.bus.waiting, harness.bus.next_due())


def test_an_acknowledged_message_does_not_come_again(harness: LocalBusHarness) -> None:
    """Its stored delivery count is removed as well."""
    harness.send()
    harness.take()
    harness.clock.pass_(10_000)

    assert (None, 0, []) == (harness.bus.lease(), harness.bus.waiting, harness.kept())


def test_a_leased_message_is_not_leased_twice(harness: LocalBusHarness) -> None:
    """Until its acknowledgement deadline."""
    harness.send()
    harness.lease()
    harness.clock.pass_(599)

    assert None is harness.bus.lease()


def test_a_message_without_acknowledgement_is_delivered_again_after_its_deadline(
    harness: LocalBusHarness,
) -> None:
    """As when a worker dies; a late acknowledgement of the first lease has no effect."""
    harness.send()
    number, _ = harness.lease()
    assert harness.clock() + timedelta(seconds=600) == harness.bus.next_due()
    harness.clock.pass_(600)
    harness.bus.lease()
    harness.clock.pass_(10)

    again, delivery = harness.lease()
    harness.bus.acknowledge(number)

    assert 2 == delivery.message.delivery_attempt
    assert 1 == harness.bus.waiting
    harness.bus.acknowledge(again)
    assert 0 == harness.bus.waiting


def test_back_off_doubles_up_to_the_maximum(harness: LocalBusHarness) -> None:
    """Every delivery has its attempt number."""
    harness.send("jsonl-uploaded")
    gaps, attempts = [], []
    for _ in range(4):
        number, delivery = harness.lease()
        attempts.append(delivery.message.delivery_attempt)
        harness.bus.refuse(number)
        due = harness.bus.next_due()
        assert due is not None
        gaps.append((due - harness.clock()).total_seconds())
        assert None is harness.bus.lease()
        harness.clock.now = due

    assert ([1, 2, 3, 4], [10, 20, 40, 60]) == (attempts, gaps)


def test_the_back_off_of_a_late_attempt_is_the_maximum() -> None:
    """Attempts 40 and 1,000 wait 600 seconds."""
    assert timedelta(seconds=600) == Retry().gap(40) == Retry().gap(1_000)


def test_messages_leave_in_the_order_they_are_due(harness: LocalBusHarness) -> None:
    """When no fault is injected."""
    ids = [harness.send(n=str(n)) for n in range(5)]

    assert ids == [harness.take().id for _ in range(5)]


def test_message_ids_differ(harness: LocalBusHarness) -> None:
    """Also when they are published at the same time."""
    assert 50 == len({harness.send() for _ in range(50)})


def test_message_ids_differ_over_a_restart(harness: LocalBusHarness) -> None:
    """A command without an id gets that of its message, which must be unique."""
    before = {harness.send() for _ in range(3)}
    harness.restart()

    assert not before & {harness.send() for _ in range(3)}


# Dead letters


def given_up(harness: LocalBusHarness) -> Message:
    """Refuse a message until its attempts are used up; returns its last delivery."""
    harness.send("jsonl-uploaded", **{"ce-id": "f1"})
    for _ in range(RETRY.attempts):
        number, delivery = harness.lease()
        harness.bus.refuse(number)
        harness.clock.pass_(60)
    return delivery.message


def test_after_the_last_attempt_it_is_a_dead_letter_as_google_makes_it(
    harness: LocalBusHarness,
) -> None:
    """Its body and attributes, and the attributes that Pub/Sub adds."""
    last = given_up(harness)

    letter = harness.take()

    assert (5, "dead-letter-x", b"body") == (last.delivery_attempt, letter.topic, letter.body)
    added = {name: v for name, v in letter.attributes.items() if name.startswith("CloudPubSub")}
    assert {
        "CloudPubSubDeadLetterSourceDeliveryCount": "5",
        "CloudPubSubDeadLetterSourceSubscription": "submit-job.jsonl-uploaded",
        "CloudPubSubDeadLetterSourceSubscriptionProject": "local",
        "CloudPubSubDeadLetterSourceTopicPublishTime": last.published_at.isoformat(),
    } == added
    assert "too_many_deliveries" == letter.attributes["troupe-cause"]
    assert last.attributes.items() <= letter.attributes.items()
    assert (0, []) == (harness.bus.waiting, harness.kept())


def test_a_rejected_message_is_dead_lettered_at_once_with_its_cause(
    harness: LocalBusHarness,
) -> None:
    """At its first delivery."""
    harness.send("jsonl-uploaded")
    number, _ = harness.lease()

    harness.bus.dead_lettered(number, "object_conflict", "x" * 5_000)

    letter = harness.take()
    assert ("object_conflict", "1") == (
        letter.attributes["troupe-cause"],
        letter.attributes["CloudPubSubDeadLetterSourceDeliveryCount"],
    )
    assert 1024 == len(letter.attributes["troupe-detail"])
    assert (0, []) == (harness.bus.waiting, harness.kept())


@pytest.mark.parametrize("detail", ["ü" * 1_000, "😀" * 600])
def test_no_attribute_is_longer_than_pubsub_takes(harness: LocalBusHarness, detail: str) -> None:
    """1,024 bytes, not characters."""
    harness.send("jsonl-uploaded")
    number, _ = harness.lease()

    harness.bus.dead_lettered(number, "cause", detail)

    assert all(len(value.encode()) <= 1_024 for value in harness.take().attributes.values())


def test_a_signal_is_dropped_after_the_last_attempt(harness: LocalBusHarness) -> None:
    """Its subscription has no dead-letter topic, and nothing is stored."""
    harness.send()
    for _ in range(RETRY.attempts):
        number, _ = harness.lease()
        harness.bus.refuse(number)
        harness.clock.pass_(60)

    assert (None, 0) == (harness.bus.lease(), harness.bus.waiting)
    assert [] == harness.kept()


def test_a_signal_that_is_dead_lettered_is_dropped(harness: LocalBusHarness) -> None:
    """Its subscription has no dead-letter topic."""
    harness.send()
    number, _ = harness.lease()

    harness.bus.dead_lettered(number, "cause", "detail")

    assert (0, []) == (harness.bus.waiting, harness.kept())


def test_delivery_attempts_are_counted_over_a_restart(tmp_path: Path) -> None:
    """A message that crashes its worker each time is dead-lettered too."""
    harness = LocalBusHarness(tmp_path / "kept.duckdb")
    attempts = []
    for _ in range(4):
        harness.send("jsonl-uploaded", **{"ce-id": "f1"})
        attempts.append(harness.lease()[1].message.delivery_attempt)
        harness.restart()

    assert [1, 2, 3, 4] == attempts
    harness.send("jsonl-uploaded", **{"ce-id": "f1"})
    harness.bus.refuse(harness.lease()[0])
    assert "dead-letter-x" == harness.take().topic
    harness.db.close()


def test_attempts_are_counted_for_each_generation(harness: LocalBusHarness) -> None:
    """The deliveries of the original take none away from its replay."""
    harness.send("jsonl-uploaded", **{"ce-id": "f1"})
    harness.bus.refuse(harness.lease()[0])
    harness.send("jsonl-uploaded", **{"ce-id": "f1", GENERATION: "1"})

    assert 1 == harness.lease()[1].message.delivery_attempt


def test_attempts_are_counted_for_each_subscription(harness: LocalBusHarness) -> None:
    """A refusal on one does not count on the other."""
    harness.send("batch-planned", **{"ce-id": "f1"})
    number, first = harness.lease()
    harness.bus.refuse(number)
    _, other = harness.lease()

    assert first.subscription != other.subscription
    assert 1 == other.message.delivery_attempt


@pytest.mark.parametrize(
    ("attributes", "receivers"),
    [
        ({}, {"write-jsonl", "audit"}),
        ({HANDLER: "write-jsonl"}, {"write-jsonl"}),
        ({HANDLER: "audit"}, {"audit"}),
        ({HANDLER: "unknown"}, set()),
        ({HANDLER: ""}, set()),
    ],
)
def test_a_replay_is_for_one_handler_alone(
    harness: LocalBusHarness, attributes: dict[str, str], receivers: set[str]
) -> None:
    """Every subscription filters by the attribute that names a handler."""
    harness.send("batch-planned", **attributes)
    handlers = set()
    while leased := harness.bus.lease():
        handlers.add(leased[1].subscription.handler)
        harness.bus.acknowledge(leased[0])

    assert receivers == handlers


@pytest.mark.parametrize("way", ["rejected", "too often"])
def test_a_replay_that_fails_again_is_a_dead_letter_again(
    harness: LocalBusHarness, way: str
) -> None:
    """`record-dead-letter` receives it although the message is addressed to another handler."""
    harness.send("jsonl-uploaded", **{HANDLER: "submit-job"})
    for _ in range(RETRY.attempts - 1 if way == "too often" else 0):
        harness.bus.refuse(harness.lease()[0])
        harness.clock.pass_(60)
    number, _ = harness.lease()

    if way == "rejected":
        harness.bus.dead_lettered(number, "cause", "detail")
    else:
        harness.bus.refuse(number)

    assert "record-dead-letter" == harness.lease()[1].subscription.handler


# Injected faults


def order(seed: int, **faults: Any) -> list[str]:
    """The order in which twenty messages arrive."""
    harness = LocalBusHarness(seed=seed, **faults)
    try:
        for number in range(20):
            harness.send(n=str(number))
        return [message.attributes["n"] for message in harness.drain()]
    finally:
        harness.db.close()


@settings(deadline=None, derandomize=True, max_examples=10)
@given(seed=st.integers(0, 10**6))
def test_every_message_arrives_at_least_once_on_any_seed(seed: int) -> None:
    """At most twice, in any order, and in the same order for the same seed."""
    faults: dict[str, Any] = {"duplicate": 0.4, "reorder": True, "delay": 0.5, "delay_seconds": 900}
    arrived = order(seed, **faults)

    assert {str(n) for n in range(20)} == set(arrived)
    assert set(Counter(arrived).values()) <= {1, 2}
    assert arrived == order(seed, **faults)


def test_each_fault_has_its_effect() -> None:
    """Injected one at a time."""
    sent = [str(n) for n in range(20)]

    assert sent == order(1)
    assert 40 == len(order(1, duplicate=1.0))
    shuffled = order(1, reorder=True)
    assert sent != shuffled
    assert sorted(sent) == sorted(shuffled)
    assert sent != order(1, delay=0.5)


def test_a_publish_that_fails_sends_nothing(harness: LocalBusHarness) -> None:
    """The publisher gets `Redeliver`."""
    harness.faults.lose_publish = 1.0

    with pytest.raises(Redeliver):
        harness.send()

    assert 0 == harness.bus.waiting


def test_a_publish_whose_reply_is_lost_has_sent_the_message(harness: LocalBusHarness) -> None:
    """The publisher gets `Redeliver` although the message is there."""
    harness.faults.lose_reply = 1.0

    with pytest.raises(Redeliver):
        harness.send()

    assert 1 == harness.bus.waiting


@pytest.mark.parametrize("fault", ["lose_publish", "lose_reply"])
@pytest.mark.parametrize("way", ["rejected", "too often"])
def test_publish_faults_do_not_lose_dead_letters(
    harness: LocalBusHarness, fault: str, way: str
) -> None:
    """Pub/Sub forwards dead letters itself; faults of publishers do not affect that."""
    harness.send("jsonl-uploaded")
    for _ in range(RETRY.attempts - 1 if way == "too often" else 0):
        harness.bus.refuse(harness.lease()[0])
        harness.clock.pass_(60)
    number, _ = harness.lease()
    setattr(harness.faults, fault, 1.0)

    if way == "rejected":
        harness.bus.dead_lettered(number, "cause", "detail")
    else:
        harness.bus.refuse(number)

    assert 1 == harness.bus.waiting
    assert "dead-letter-x" == harness.take().topic
