"""Faults injected into the local bus: duplicates, delays, lost publishes, crashes, by a seed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from handlers.dispatch.errors import Redeliver


class Crashed(BaseException):
    """A simulated death of the process. It is a `BaseException`, so that no handler catches it."""


@dataclass(slots=True, kw_only=True)
class Faults:
    """Probabilities between 0 and 1. The default injects nothing."""

    seed: int = 0
    duplicate: float = 0.0
    """Share of messages that are delivered twice."""
    reorder: bool = False
    """Messages that are due are delivered in random order."""
    delay: float = 0.0
    """Share of messages that are delivered late."""
    delay_seconds: float = 300.0
    """The longest delay."""
    lose_publish: float = 0.0
    """Share of publishes that fail before the message is sent."""
    lose_reply: float = 0.0
    """Share of publishes that fail after the message is sent."""
    crash: float = 0.0
    """Share of publishes at which the process dies, before or after the message is sent."""
    _random: Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = Random(self.seed)

    def before_publish(self, topic: str) -> None:
        if self._hits(self.crash):
            raise Crashed(f"before publishing to {topic}")
        if self._hits(self.lose_publish):
            raise Redeliver(f"publishing to {topic} failed")

    def after_publish(self, topic: str) -> None:
        if self._hits(self.crash):
            raise Crashed(f"after publishing to {topic}")
        if self._hits(self.lose_reply):
            raise Redeliver(f"publishing to {topic} gave no reply")

    def deliveries(self) -> Iterator[timedelta]:
        """Yield the delay of each delivery of one message."""
        for _ in range(2 if self._hits(self.duplicate) else 1):
            late = self._random.uniform(0, self.delay_seconds) if self._hits(self.delay) else 0
            yield timedelta(seconds=late)

    def turn(self) -> float:
        """Return the sort key among messages that are due at the same time."""
        return self._random.random() if self.reorder else 0.0

    def _hits(self, share: float) -> bool:
        return share > 0 and self._random.random() < share
