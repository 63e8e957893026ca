"""The bus in both forms: the in-process bus, and Google's emulator with the official client."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import count

import duckdb
import pytest

from events import Envelope
from events.cloudevents import HANDLER
from tests.contracts.bus_suite import ATTEMPTS, EVERY, BusHarness, BusSuite, LeasedMessage
from tests.local.fakes import HeldClock
from troupe.backends.defaults import utc_now
from troupe.backends.local.bus import LeasedMessage as LocalLeasedMessage
from troupe.backends.local.bus import LocalBus, Retry
from troupe.backends.local.delivery_counts import LocalDeliveryCounts


class LocalBusHarness:
    """The bus in this process; waiting for a message moves the clock."""

    def __init__(self) -> None:
        self.clock = HeldClock()
        counts = LocalDeliveryCounts(duckdb.connect())
        retry = Retry(first_seconds=1, most_seconds=1, attempts=ATTEMPTS)
        self.bus = LocalBus(EVERY, self.clock, counts, retry=retry)

    def publish(self, envelopes: Sequence[Envelope]) -> None:
        self.bus.publish(envelopes)

    def send(self, topic: str, body: bytes, attributes: Mapping[str, str]) -> str:
        return self.bus.send(topic, body, attributes)

    def lease(self) -> tuple[int, LocalLeasedMessage]:
        leased = self.bus.lease()
        if leased is None:
            self.clock.pass_(1)
            leased = self.bus.lease()
        assert leased is not None, "no message is due"
        return leased

    def is_empty(self) -> bool:
        self.clock.pass_(10)
        return self.bus.lease() is None

    def acknowledge(self, number: int) -> None:
        self.bus.acknowledge(number)

    def refuse(self, number: int) -> None:
        self.bus.refuse(number)

    def dead_lettered(self, number: int, cause: str, detail: str) -> None:
        self.bus.dead_lettered(number, cause, detail)

    def now(self) -> datetime:
        return self.clock()


class TestLocalBus(BusSuite):
    """The local backend's bus."""

    @pytest.fixture
    def harness(self) -> BusHarness:
        return LocalBusHarness()


class PubSubHarness:
    """Publisher, pull worker and dead letters of the cloud backend, on topics of their own."""

    def __init__(self, prefix: str) -> None:
        from tests.cloud.topology import Pace, lay_out
        from tests.gcp.making import gcp_settings
        from tests.gcp.pull_worker import PullingWorker
        from troupe.backends.gcp.bus import PubSubBus, subscriber_client

        settings = self.settings = gcp_settings(TROUPE_TOPIC_PREFIX=prefix)
        self.bus = PubSubBus(settings)
        pace = Pace(first_seconds=0.1, most_seconds=0.2, attempts=ATTEMPTS)
        with subscriber_client() as made:
            lay_out(settings, self.bus.client, made, lambda _: None, pace, EVERY)
        self.worker = PullingWorker(settings, self.bus, EVERY)

    def close(self) -> None:
        self.worker.close()
        self.bus.close()

    def publish(self, envelopes: Sequence[Envelope]) -> None:
        self.bus.publish(envelopes)

    def send(self, topic: str, body: bytes, attributes: Mapping[str, str]) -> str:
        return self.bus.send(topic, body, attributes)

    def lease(self) -> tuple[int, LeasedMessage]:
        leased = self.worker.lease(wait_seconds=30)
        assert leased is not None, "no message is due"
        return leased

    def is_empty(self) -> bool:
        return self.worker.lease(wait_seconds=1.5) is None

    def acknowledge(self, number: int) -> None:
        self.worker.acknowledge(number)

    def refuse(self, number: int) -> None:
        self.worker.refuse(number)

    def dead_lettered(self, number: int, cause: str, detail: str) -> None:
        self.worker.dead_lettered(number, cause, detail)

    def now(self) -> datetime:
        return utc_now()


_PREFIXES = count(1)


class TestGoogleEmulator(BusSuite):
    """The cloud backend's bus on Google's emulator."""

    @pytest.fixture
    def harness(self, pubsub: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[BusHarness]:
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", pubsub)
        made = PubSubHarness(f"contract-{next(_PREFIXES)}-")
        yield made
        made.close()

    @pytest.mark.xfail(strict=True, reason="the emulator stores filters but does not apply them")
    def test_the_service_itself_filters(self, harness: PubSubHarness) -> None:
        """Google documents the filter; our service and worker apply it again because of this."""
        from google.api_core.exceptions import DeadlineExceeded

        from troupe.backends.gcp.bus import subscriber_client

        raw = harness.settings.subscription("raw.batch-planned")
        with subscriber_client() as client:
            client.create_subscription(
                request={
                    "name": raw,
                    "topic": harness.settings.topic("batch-planned"),
                    "filter": f"NOT attributes:{HANDLER}",
                }
            )
            harness.send("batch-planned", b"x", {HANDLER: "other"})

            with pytest.raises(DeadlineExceeded):
                client.pull(subscription=raw, max_messages=1, retry=None, timeout=3)
