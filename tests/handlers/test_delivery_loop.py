"""The delivery loop step by step: what is recorded, published and marked, and in which order."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from events import (
    BatchPlanned,
    Deployment,
    DiscardRequested,
    Envelope,
    RunRequested,
    to_pubsub,
    topic_of_type,
    wrap_command,
)
from events.ids import letter_id
from handlers.dispatch.deliver import deliver
from handlers.dispatch.errors import Redeliver, Reject
from handlers.dispatch.message import DeliveryResult, Message, Outcome
from handlers.ports import Dependencies, Policy
from tests.events.making import NOON, wrapped
from tests.harness import START, LocalHarness, calls
from tests.tracking.harness import DAY
from tracking import AttemptKey, Delivery, EventLog

DEPLOYMENT = Deployment("d1")


class Loop:
    """One delivery loop on real tables, which notes in order what it records and publishes.

    To record or publish nothing is no step.
    """

    def __init__(self, harness: LocalHarness) -> None:
        self.steps: list[str] = []
        self.published: list[str] = []
        self.fails = False
        self._log = harness.backend.dependencies.event_log
        self.dependencies: Dependencies = replace(
            harness.backend.dependencies, event_log=cast("EventLog", self), policy=Policy()
        )

    def deliver(self, message: Message) -> DeliveryResult:
        self.steps.clear()
        self.published.clear()
        return deliver(message, self.dependencies, self._publish)

    def _publish(self, envelopes: Sequence[Envelope]) -> None:
        self.steps += ["publish"] if envelopes else []
        if self.fails:
            raise Redeliver("no reply from Pub/Sub")
        self.published += [topic_of_type(each.type) for each in envelopes]

    # The event log

    def record(self, envelopes: Sequence[Envelope], now: Any) -> None:
        self.steps += ["record"] if envelopes else []
        self._log.record(envelopes, now)

    def record_deliveries(self, deliveries: Sequence[Delivery], now: Any) -> None:
        self.steps += [each.outcome for each in deliveries]
        self._log.record_deliveries(deliveries, now)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


@pytest.fixture
def loop(harness: LocalHarness) -> Loop:
    harness.load(calls(4))
    return Loop(harness)


def message_of(envelope: Envelope) -> Message:
    body, attributes = to_pubsub(envelope)
    topic = topic_of_type(envelope.type)
    return Message(topic=topic, id="m1", body=body, attributes=attributes, published_at=START)


def bare(topic: str, body: str) -> Message:
    return Message(topic=topic, id="m1", body=body.encode(), attributes={}, published_at=START)


def request(id_: str = "q1", **fields: Any) -> Message:
    command = RunRequested(run_id="r1", **fields)
    return message_of(wrap_command(command, deployment=DEPLOYMENT, id_=id_, time=NOON))


def test_an_event_is_recorded_then_published_and_marked_last(loop: Loop) -> None:
    """A process that dies in between leaves what the next delivery repeats."""
    assert Outcome.DONE is loop.deliver(request()).outcome

    assert ["record", "record", "publish", "done"] == loop.steps
    assert ["run-planned", "batch-planned"] == loop.published


def test_an_event_whose_followers_may_not_be_out_is_delivered_again(loop: Loop) -> None:
    """It is not marked, so the next delivery publishes them."""
    loop.fails = True
    assert Outcome.REDELIVER is loop.deliver(request()).outcome
    assert "done" not in loop.steps

    loop.fails = False
    assert Outcome.DONE is loop.deliver(request()).outcome
    assert ["run-planned", "batch-planned"] == loop.published


def test_an_event_that_was_handled_is_acknowledged_without_work(loop: Loop) -> None:
    """And a command that is known is not recorded again."""
    loop.deliver(request())

    assert Outcome.DONE is loop.deliver(request()).outcome
    assert ([], []) == (loop.steps, loop.published)


def test_a_request_id_with_other_content_is_a_dead_letter(loop: Loop) -> None:
    """The id is the idempotency key: one of the two requests would be lost in silence."""
    loop.deliver(request(limit=2, mode="test"))

    result = loop.deliver(request(limit=3, mode="test"))

    assert (Outcome.DEAD_LETTER, "id_reused") == (result.outcome, result.cause)
    assert [] == loop.published


def test_a_handler_that_waits_is_neither_done_nor_delivered_again(
    loop: Loop, harness: LocalHarness
) -> None:
    """The tick republishes its event."""
    harness.request("r1")
    while "jsonl-uploaded" not in harness.topics():
        harness.backend.deliver_next()
    leased = harness.backend.bus.lease()
    assert leased is not None
    first = AttemptKey(run_id="r1", planned_on=DAY, batch=1, attempt=1)
    loop.dependencies.tracking.claim_attempt(first, 1)

    result = loop.deliver(leased[1].message)

    assert (Outcome.WAIT, ["waited"]) == (result.outcome, loop.steps)


def test_an_event_that_is_not_recorded_or_not_planned_is_a_dead_letter(loop: Loop) -> None:
    """Somebody else published it, or wrote it into the event log as well."""
    event = BatchPlanned(run_id="unplanned", planned_on=DAY, batch=1, attempt=1, records=1)
    envelope = wrapped(event)

    forged = loop.deliver(message_of(envelope))
    loop.dependencies.event_log.record([envelope], envelope.time)
    written = loop.deliver(message_of(envelope))

    assert (Outcome.DEAD_LETTER, "not_recorded") == (forged.outcome, forged.cause)
    assert (Outcome.DEAD_LETTER, "not_planned") == (written.outcome, written.cause)


def test_an_unreadable_event_is_a_dead_letter_that_does_not_quote_it(loop: Loop) -> None:
    """Also when decoding fails for a reason of its own."""
    event = BatchPlanned(run_id="r1", planned_on=DAY, batch=1, attempt=1, records=1)
    message = message_of(wrapped(event))
    body = json.loads(message.body) | {"data": {"batch": "Jane Doe"}}

    result = loop.deliver(replace(message, body=json.dumps(body).encode()))

    assert (Outcome.DEAD_LETTER, "unreadable_message") == (result.outcome, result.cause)
    assert "Jane Doe" not in result.detail


def test_the_text_of_a_foreign_error_is_not_shown(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may quote the message."""

    def fails(*_: Any) -> Any:
        raise LookupError("Jane Doe")

    monkeypatch.setattr("handlers.dispatch.deliver.decode_message", fails)

    result = loop.deliver(bare("watch-tick", "{}"))

    assert (Outcome.DEAD_LETTER, "LookupError") == (result.outcome, result.detail)


def test_a_bad_request_is_refused_and_a_bad_cancellation_is_a_dead_letter(loop: Loop) -> None:
    """Which run a bad cancellation means is not known, so an operator has to look."""
    assert Outcome.DONE is loop.deliver(bare("run-requested", '{"limt": 3}')).outcome
    assert ["run-refused"] == loop.published

    result = loop.deliver(bare("cancel-requested", '{"run": "r1"}'))
    assert (Outcome.DEAD_LETTER, "unreadable_message") == (result.outcome, result.cause)


def test_an_event_that_is_republished_is_published_and_marked(
    loop: Loop, harness: LocalHarness
) -> None:
    """Without the mark every tick would publish it, without an end."""
    loop.fails = True
    loop.deliver(request())
    loop.fails = False
    harness.clock.pass_(11 * 60)

    loop.deliver(bare("watch-tick", "{}"))
    assert 1 == loop.published.count("run-requested")
    assert loop.steps.index("publish") < loop.steps.index("republished")

    loop.deliver(bare("watch-tick", "{}"))
    assert 0 == loop.published.count("run-requested")


def test_an_event_that_was_republished_in_vain_is_given_up_before_it_is_marked(
    loop: Loop, harness: LocalHarness
) -> None:
    """A mark without a letter would leave the event without a handler for an hour."""
    loop.dependencies = replace(loop.dependencies, policy=Policy(republish_times=0))
    loop.fails = True
    loop.deliver(request())
    loop.fails = False
    harness.clock.pass_(11 * 60)

    loop.deliver(bare("watch-tick", "{}"))

    assert loop.steps.index("publish") < loop.steps.index("given_up")


def test_an_event_that_is_discarded_is_marked_and_not_published(loop: Loop) -> None:
    """Nothing handles it any more."""
    loop.fails = True
    loop.deliver(request())
    loop.fails = False
    loop.deliver(replace(request(), topic="dead-letter-plan-run"))
    discard = DiscardRequested(letter_ids=[letter_id("q1", "plan-run", 0)], reason="a test")

    loop.deliver(message_of(wrap_command(discard, deployment=DEPLOYMENT, id_="q2", time=NOON)))

    assert (["record", "discarded", "done"], []) == (loop.steps, loop.published)


def test_a_dead_letter_that_cannot_be_recorded_is_delivered_again(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no further topic that it could go to."""

    def refuses(*_: Any, **__: Any) -> Any:
        raise Reject("data_refused", "a test")

    monkeypatch.setattr(type(loop.dependencies.tracking), "store_error", refuses)

    result = loop.deliver(bare("dead-letter-write-jsonl", "{}"))

    assert (Outcome.REDELIVER, "data_refused") == (result.outcome, result.cause)
