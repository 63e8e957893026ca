"""What can go wrong on the way: chance, held in the hand."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from handlers.dispatch.errors import Redeliver


class Crashed(BaseException):
    """The process dies here: nothing catches it, and nothing after it happens."""


@dataclass(slots=True, kw_only=True)
class Faults:
    """Shares between 0 and 1. The default is a bus that behaves."""

    seed: int = 0
    duplicate: float = 0.0
    """Of messages delivered twice."""
    reorder: bool = False
    """Messages that are due leave in any order."""
    delay: float = 0.0
    """Of messages that come late."""
    delay_seconds: float = 300.0
    """At most this late."""
    lose_publish: float = 0.0
    """Of publishes that fail before anything was sent."""
    lose_reply: float = 0.0
    """Of publishes that fail after the message was sent."""
    crash: float = 0.0
    """Of publishes at which the process dies, before or after the message was sent."""
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
        """The delay of each delivery of one message."""
        for _ in range(2 if self._hits(self.duplicate) else 1):
            late = self._random.uniform(0, self.delay_seconds) if self._hits(self.delay) else 0
            yield timedelta(seconds=late)

    def turn(self) -> float:
        """Where a message stands among those that are due at the same time."""
        return self._random.random() if self.reorder else 0.0

    def _hits(self, share: float) -> bool:
        return share > 0 and self._random.random() < share
