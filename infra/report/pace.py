"""How fast runs move and how long they may still take, from what was seen of them so far."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from . import figures
from .account import Facts, number
from .columns import line

LOOKS = 30
"""Earlier ones are forgotten: a run does not move today as it did yesterday."""


@dataclass(frozen=True, slots=True)
class Look:
    """When, in seconds of any clock that only runs forwards, and how many records were over."""

    at: float
    over: int
    cost: float | None


@dataclass(slots=True)
class Pace:
    """Of one run. Batches end as a whole, so the range is wide on purpose."""

    looks: deque[Look] = field(default_factory=lambda: deque(maxlen=LOOKS))

    def saw(self, at: float, run: Facts) -> None:
        """Only what has moved counts as a look of its own; the first look is where it began."""
        over = sum(number(run, name) for name in ("analysed", "failed", "released"))
        if not self.looks or over != self.looks[-1].over:
            self.looks.append(Look(at, over, run.get("cost")))

    def lines(self, run: Facts) -> list[str]:
        """Rate, time left and cost to expect; says so when nothing has moved yet."""
        left = number(run, "records") - (self.looks[-1].over if self.looks else 0)
        rates = list(self._rates())
        if left <= 0:
            return []
        if not rates:
            return ["  no record has come to its end since this watch began: no rate yet"]
        slow, fast = left / min(rates), left / max(rates)
        span = f"{figures.seconds(fast)} to {figures.seconds(slow)}"
        told = figures.seconds(fast) if figures.seconds(fast) == figures.seconds(slow) else span
        whole = (self.looks[-1].over - self.looks[0].over) / (self.looks[-1].at - self.looks[0].at)
        return [
            line(f"  {figures.rate(60 * whole)} records a minute, {told} left{self._to_pay(left)}")
        ]

    def _rates(self) -> Iterable[float]:
        """Records a second, between one look and the next."""
        for one, next_ in pairwise(self.looks):
            if next_.at > one.at and next_.over > one.over:
                yield (next_.over - one.over) / (next_.at - one.at)

    def _to_pay(self, left: int) -> str:
        last = self.looks[-1]
        if not last.cost or not last.over:
            return ""
        return f", ${last.cost * (1 + left / last.over):,.2f} expected in all"
