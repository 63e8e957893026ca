"""Operations on dead letters on Google Cloud, with Google's Pub/Sub emulator."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from events import Envelope, JsonlUploaded, to_pubsub
from handlers.dispatch.message import Message
from tests.cloud.fixtures import pubsub
from tests.cloud.topology import Pace, lay_out
from tests.contracts.bus_suite import UPLOADED
from tests.emulators.fixtures import emulator_folder
from tests.events.making import wrapped
from tests.gcp.making import gcp_settings
from tests.gcp.pull_worker import PullingWorker
from tests.gcp.serving import message
from tests.local.fakes import HeldClock
from troupe.backends.gcp.backend import GcpBackend
from troupe.backends.gcp.dead_letter_store import PubSubDeadLetters, subscriber_client
from troupe.backends.local.bucket import LocalBucket
from troupe.backends.local.job_service import LocalJobService
from troupe.backends.local.warehouse import LocalWarehouse
from troupe.operations import OPERATIONS
from troupe.standin.vertex import StandIn

__all__ = ["emulator_folder", "pubsub"]

PREFIXES = count(1)


@dataclass
class DeadLettersHarness:
    """A deployment's topics, and the operations of operators."""

    backend: GcpBackend
    worker: PullingWorker

    def event(self) -> Envelope:
        """Record an event, and return it."""
        event = wrapped(
            JsonlUploaded(
                run_id="r", planned_on="2026-03-02", batch=1, attempt=1, uri="gs://b/x",
                generation=1, lines=1, bytes=1, checksum="crc32c:0",
            )
        )  # fmt: skip
        self.backend.dependencies.event_log.record([event], self.backend.clock())
        return event

    def dead_lettered(self, message: Message) -> None:
        self.backend.bus.dead_lettered(message, UPLOADED, "object_conflict", "of another content")

    def operate(self, operation: str, **about: object) -> Any:
        return OPERATIONS[operation](self.backend, **about)

    def groups(self) -> object:
        return [
            {"handler": group.handler, "cause": group.cause, "count": group.count}
            for group in self.operate("list_dead_letters").groups
        ]


@pytest.fixture
def harness(
    pubsub: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DeadLettersHarness]:
    """Topics of its own; the worker pulls the subscription of submit-job."""
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", pubsub)
    settings = gcp_settings(TROUPE_TOPIC_PREFIX=f"letters-{next(PREFIXES)}-")
    warehouse = LocalWarehouse(tmp_path / "w.duckdb", HeldClock(), LocalBucket(tmp_path / "b"))
    bucket = LocalBucket(tmp_path / "bucket")
    model = LocalJobService(StandIn(tmp_path / "vertex", bucket, HeldClock()))
    backend = GcpBackend(settings, warehouse=warehouse, bucket=bucket, job_service=model)
    backend.letters = PubSubDeadLetters(settings, patience_seconds=0.5)
    with subscriber_client() as client:
        lay_out(settings, backend.bus.client, client, lambda _: None, Pace())
    worker = PullingWorker(settings, backend.bus, [UPLOADED])
    yield DeadLettersHarness(backend, worker)
    worker.close()
    backend.close()


def test_a_letter_is_replayed_to_its_handler_and_then_gone(harness: DeadLettersHarness) -> None:
    """The event goes to the handler that failed; it is published before the letter is acknowledged."""
    event = harness.event()
    harness.dead_lettered(message("jsonl-uploaded", *to_pubsub(event)))
    waiting = [{"handler": "submit-job", "cause": "object_conflict", "count": 1}]
    assert waiting == harness.groups() == harness.groups()

    assert 1 == harness.operate("replay", dry_run=True).replayed
    assert 1 == harness.operate("replay").replayed

    leased = harness.worker.lease(wait_seconds=30)
    assert leased is not None
    attributes = leased[1].message.attributes
    assert (event.id, "submit-job") == (attributes["ce-id"], attributes["replayfor"])
    harness.worker.acknowledge(leased[0])
    assert [] == harness.groups()


def test_an_unreadable_letter_is_shown_and_discarded(harness: DeadLettersHarness) -> None:
    """A replay does not remove it."""
    harness.dead_lettered(message("jsonl-uploaded", b"no event", {}))

    assert 1 == harness.operate("replay").unreadable
    (letter,) = harness.backend.letters.find()
    assert "no event" == harness.operate("show_letter", letter_id=letter.letter_id).body
    harness.operate("discard", letter_id=letter.letter_id, reason="a test")

    assert [] == harness.groups()
    assert None is harness.worker.lease(wait_seconds=0.5)
