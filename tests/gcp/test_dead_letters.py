"""Operators' commands about dead letters on Google Cloud, with Google's Pub/Sub emulator."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from events import DiscardRequested, JsonlUploaded, ReplayRequested, read_event, to_pubsub, topic_of
from events.ids import letter_id
from handlers.dispatch.deliver import deliver
from handlers.dispatch.message import Message
from tests.cloud.fixtures import pubsub
from tests.cloud.topology import Pace, lay_out
from tests.emulators.fixtures import emulator_folder
from tests.events.making import wrapped
from tests.gcp.making import gcp_settings
from tests.gcp.pull_worker import PullingWorker
from tests.local.fakes import HeldClock
from troupe.backends.gcp.backend import GcpBackend
from troupe.backends.gcp.bus import subscriber_client
from troupe.backends.local.bucket import LocalBucket
from troupe.backends.local.job_service import LocalJobService
from troupe.backends.local.warehouse import LocalWarehouse
from troupe.deployment.topology import subscriptions
from troupe.operations import OPERATIONS
from troupe.standin.vertex import StandIn

__all__ = ["emulator_folder", "pubsub"]

PREFIXES = count(1)
UPLOADED = wrapped(
    JsonlUploaded(
        run_id="r", planned_on="2026-03-02", batch=1, attempt=1, uri="gs://b/x",
        generation=1, lines=1, bytes=1, checksum="crc32c:0",
    )
)  # fmt: skip


@dataclass
class DeadLettersHarness:
    """A deployment's topics and tables, and the operations of operators."""

    backend: GcpBackend
    worker: PullingWorker

    def operate(self, operation: str, **about: object) -> Any:
        return OPERATIONS[operation](self.backend, **about)

    def next_message(self) -> Message:
        leased = self.worker.lease(wait_seconds=30)
        assert leased is not None
        self.worker.acknowledge(leased[0])
        return leased[1].message

    def handle_next(self) -> Message:
        """Deliver the next message to its handler, as its service does."""
        message = self.next_message()
        deliver(message, self.backend.dependencies, self.backend.bus.publish)
        return message


@pytest.fixture
def harness(
    pubsub: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DeadLettersHarness]:
    """Topics of its own, and an event that submit-job could not handle."""
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", pubsub)
    settings = gcp_settings(TROUPE_TOPIC_PREFIX=f"letters-{next(PREFIXES)}-")
    clock = HeldClock()
    warehouse = LocalWarehouse(tmp_path / "w.duckdb", clock, LocalBucket(tmp_path / "b"))
    bucket = LocalBucket(tmp_path / "bucket")
    model = LocalJobService(StandIn(tmp_path / "vertex", bucket, clock))
    backend = GcpBackend(settings, clock, warehouse=warehouse, bucket=bucket, job_service=model)
    with subscriber_client() as client:
        lay_out(settings, backend.bus.client, client, lambda _: None, Pace())
    named = {each.name: each for each in subscriptions()}
    backend.dependencies.event_log.record([UPLOADED], UPLOADED.time)
    body, attributes = to_pubsub(UPLOADED)
    refused = Message(
        topic="jsonl-uploaded", id="m1", body=body, attributes=attributes, published_at=clock()
    )
    worker = PullingWorker(settings, backend.bus, [
        named["record-dead-letter.dead-letter-submit-job"],
        named["replay-dead-letters.replay-requested"],
        named["replay-dead-letters.discard-requested"],
        named["submit-job.jsonl-uploaded"],
    ])  # fmt: skip
    made = DeadLettersHarness(backend, worker)
    backend.bus.dead_lettered(
        refused, named["submit-job.jsonl-uploaded"], "object_conflict", "of another content"
    )
    made.handle_next()
    yield made
    worker.close()
    backend.close()


def outcomes(answer: Any) -> list[tuple[str, str]]:
    return [(each.letter_id, each.outcome) for each in answer.letters]


LETTER = letter_id(UPLOADED.id, "submit-job", 0)


def test_a_replay_is_a_command_that_names_letters(harness: DeadLettersHarness) -> None:
    """Its handler publishes the recorded event for the handler that failed."""
    assert [(LETTER, "waiting")] == outcomes(harness.operate("replay"))

    command = harness.handle_next()
    replayed = harness.next_message()

    assert topic_of(ReplayRequested) == command.topic
    assert (UPLOADED.id, "submit-job", "1") == tuple(
        replayed.attributes[name] for name in ("ce-id", "replayfor", "generation")
    )
    assert [(LETTER, "replayed")] == outcomes(
        harness.operate("letter_results", letter_ids=[LETTER])
    )
    assert [] == harness.operate("list_dead_letters").letters


def test_a_dry_run_publishes_nothing(harness: DeadLettersHarness) -> None:
    """It shows the letters that a replay would name."""
    assert [(LETTER, "waiting")] == outcomes(harness.operate("replay", dry_run=True))

    assert None is harness.worker.lease(wait_seconds=0.5)


def test_a_discard_is_a_command_with_its_reason(harness: DeadLettersHarness) -> None:
    """A letter may be named by its event."""
    harness.operate("discard", letter_id=UPLOADED.id, reason="a test")

    command = harness.next_message()

    assert topic_of(DiscardRequested) == command.topic
    data = read_event(_data(command), DiscardRequested)
    assert ([LETTER], "a test") == (data.letter_ids, data.reason)


def _data(message: Message) -> bytes:
    from events import from_pubsub

    return from_pubsub(message.body, message.attributes).data
