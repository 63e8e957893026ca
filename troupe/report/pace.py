"""How fast a run moves and how long it may still take, from what was seen of it so far."""

from collections import deque
from dataclasses import dataclass, field

from . import formatting
from .reconciliation import Fields, number, records_over

LOOKS = 30
"""Earlier ones are forgotten: a run does not move today as it did yesterday."""
MOST_SLOWER = 3.0
"""A quiet stretch between two batches foretells no more than this."""


@dataclass(frozen=True, slots=True)
class Look:
    """When, in seconds of any clock that only runs forwards, and how many records were over."""

    at: float
    over: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """What may be said of a run that is not over; None where nothing may."""

    a_minute: float | None = None
    """Records that came to their end."""
    soonest: float | None = None
    latest: float | None = None
    """Seconds that are left."""
    cost: float | None = None
    """US dollars in all, should the rest cost as much as what is over."""

    @property
    def rate(self) -> str:
        if self.a_minute is None:
            return "not known yet"
        if self.a_minute < 1:
            return f"{formatting.rate(60 * self.a_minute)} records an hour"
        return f"{formatting.rate(self.a_minute)} records a minute"

    @property
    def left(self) -> str:
        """A range, or the one time that both ends read as; empty while nothing is known."""
        if self.soonest is None or self.latest is None:
            return ""
        return f"{formatting.span(formatting.seconds(self.soonest), formatting.seconds(self.latest))} left"


@dataclass(slots=True)
class Pace:
    """Of one run. Batches end as a whole, so what is left is told as a range."""

    looks: deque[Look] = field(default_factory=lambda: deque(maxlen=LOOKS))

    def saw(self, at: float, run: Fields, age: float | None = None) -> None:
        """Only what has moved counts as a look of its own.

        `age` are the seconds since the run was planned: then nothing was over.
        """
        over = records_over(run)
        if not self.looks and over and age is not None:
            self.looks.append(Look(at - age, 0))
        if not self.looks or over != self.looks[-1].over:
            self.looks.append(Look(at, over))

    def forecast(self, at: float, run: Fields) -> Forecast:
        """At this time: a run that does not move any more gets slower while it is watched."""
        left = number(run, "records") - records_over(run)
        moves = len(self.looks) - 1
        if left <= 0 or moves < 1:
            return Forecast()
        rates = self._rates(max(at, self.looks[-1].at))
        slowest = max(min(rates), rates[0] / MOST_SLOWER)
        # The fewer moves were seen, the less they say.
        doubt = 1 / (moves + 1)
        return Forecast(
            a_minute=60 * rates[0],
            soonest=_roughly((1 - doubt) * left / max(rates)),
            latest=_roughly((1 + doubt) * left / slowest),
            cost=_in_all(run, left),
        )

    def _rates(self, now: float) -> list[float]:
        """Records a second until now: since the first look, and since later ones."""
        first, last = self.looks[0], self.looks[-1]
        least = max((now - first.at) / 2, 0.001)
        return [
            (last.over - look.over) / (now - look.at)
            for look in self.looks
            if now - look.at >= least and last.over > look.over
        ] or [last.over / least]


def _roughly(seconds: float) -> float:
    """Nobody knows it better."""
    size = next((size for size, most in ((1, 60), (10, 600), (60, 10_800)) if seconds < most), 600)
    return float(max(1, round(seconds / size)) * size)


def _in_all(run: Fields, left: int) -> float | None:
    cost, over = run.get("cost"), records_over(run)
    return float(cost) * (1 + left / over) if cost and over else None
