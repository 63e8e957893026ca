"""The local Pub/Sub with faults: duplicate, delayed, reordered and lost messages."""

from collections.abc import Iterator
from datetime import timedelta

from handlers.dispatch.message import Message
from troupe.backends.local.bus import LeasedMessage, LocalBus, Retry
from troupe.backends.local.bus_faults import Faults
from troupe.backends.local.delivery_counts import DeliveryCounts
from troupe.deployment.topology import subscriptions

from .fault_profile import fault_profile_of
from .memory_cloud import HeldClock
from .rng import Rng

MOST_TICKS_LOST = 0.03
NEVER_LOST = (
    "dead-letter", "run-requested", "reprocess-requested", "reread-requested", "cancel-requested", "replay-requested",
    "discard-requested",
)  # fmt: skip
"""Topics whose messages exist nowhere else before their first delivery."""


class BusFaults(Faults):
    """Faults of the message that is being forwarded, decided by its topic and event id."""

    def __init__(self, rng: Rng) -> None:
        super().__init__()
        self.rng, self.message_name, self.disabled = rng, "", False
        self._profile = fault_profile_of(rng)
        self.duplicate_rate = self._profile.duplicate

    def deliveries(self) -> Iterator[timedelta]:
        """The delay of each delivery of the message: none, one or two of them."""
        site = f"bus / {self.message_name}"
        if self.disabled:
            yield timedelta(0)
            return
        # A command lost before its first delivery is in no event log: no guarantee covers it.
        lose = 0.0 if self.message_name.startswith(NEVER_LOST) else self._profile.lose
        if self.message_name.startswith("watch-tick"):
            # The scheduler skips most ticks: several lost in a row stand for days without any.
            lose = min(lose, MOST_TICKS_LOST)
        if self.rng.occurs(f"{site} / all", "lose", lose):
            return
        is_duplicate = self.rng.occurs(f"{site} / twice", "duplicate", self._profile.duplicate)
        for _ in range(2 if is_duplicate else 1):
            yield self._delay(f"{site} / late")

    def turn(self) -> float:
        return self.rng.value(f"order/{self.message_name}") if self._profile.reorders else 0.0

    def _delay(self, site: str) -> timedelta:
        fault = self.rng.fault(site, {"delay": self._profile.delay})
        if fault is None:
            return timedelta(0)
        return timedelta(seconds=self.rng.choice(f"{fault[1]}/by", self._profile.delay_seconds))


class FaultyBus(LocalBus):
    """The local bus with the cloud's retry settings and injected faults."""

    def __init__(self, rng: Rng, clock: HeldClock, counts: DeliveryCounts) -> None:
        self.injected = BusFaults(rng)
        super().__init__(subscriptions(), clock, counts, retry=Retry(), faults=self.injected)

    def _forward(self, message: Message) -> None:
        event_id = message.attributes.get("ce-id", "")
        self.injected.message_name = f"{message.topic} {event_id}".rstrip()
        super()._forward(message)

    def _dead_letter(self, delivery: LeasedMessage, cause: str, detail: str) -> None:
        """Forward some dead letters twice, under two message ids: Pub/Sub promises at least once."""
        super()._dead_letter(delivery, cause, detail)
        site = f"bus / forward {delivery.name} {delivery.message.attributes.get('ce-id', '')}"
        if not self.injected.disabled and self.injected.rng.occurs(
            site, "duplicate", self.injected.duplicate_rate
        ):
            super()._dead_letter(delivery, cause, detail)
