"""A Pub/Sub that duplicates, delays, reorders and, now and then, swallows."""

from collections.abc import Iterator
from datetime import timedelta

from handlers.dispatch.message import Message
from troupe.backends.local.bus import LocalBus, Retry
from troupe.backends.local.bus_faults import Faults
from troupe.backends.local.dead_letter_store import DeadLetters
from troupe.deployment.topology import subscriptions

from .fault_profile import weather_of
from .memory_cloud import HeldClock
from .rng import Chance


class BusFaults(Faults):
    """Chance by name, for the message that is being forwarded."""

    def __init__(self, chance: Chance) -> None:
        super().__init__()
        self.chance, self.about, self.is_calm = chance, "", False
        self._weather = weather_of(chance)

    def deliveries(self) -> Iterator[timedelta]:
        yield from self._delays(f"bus / {self.about}")

    def turn(self) -> float:
        return self.chance.value(f"turn/{self.about}") if self._weather.shuffles else 0.0

    def _delays(self, site: str) -> Iterator[timedelta]:
        if self.is_calm:
            yield timedelta(0)
            return
        may_vanish = 0.0 if self.about.startswith("dead-letter") else self._weather.swallow
        if self.chance.hits(f"{site} / all", "swallow", may_vanish):
            return
        doubled = self.chance.hits(f"{site} / twice", "duplicate", self._weather.duplicate)
        for _ in range(2 if doubled else 1):
            yield self._delay(f"{site} / late")

    def _delay(self, site: str) -> timedelta:
        found = self.chance.fault(site, {"delay": self._weather.late})
        if found is None:
            return timedelta(0)
        return timedelta(seconds=self.chance.one_of(f"{found[1]}/by", self._weather.delays))


class RoughBus(LocalBus):
    """The laptop's bus with the cloud's retry settings and its moods."""

    def __init__(self, chance: Chance, clock: HeldClock, letters: DeadLetters) -> None:
        self.moods = BusFaults(chance)
        super().__init__(subscriptions(), clock, letters, retry=Retry(), faults=self.moods)

    def _forward(self, message: Message) -> None:
        self.moods.about = f"{message.topic} {message.attributes.get('ce-id', '')}".rstrip()
        super()._forward(message)
