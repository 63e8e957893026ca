"""The pace of a run and the time it may still take, from the progress observed so far."""

from collections import deque
from dataclasses import dataclass, field

from troupe.operations.runs import RunStatus

from . import formatting

OBSERVATIONS = 30
"""Earlier ones are dropped: a run does not move today as it did yesterday."""
MOST_SLOWER = 3.0
"""A quiet stretch between two batches slows the forecast by no more than this factor."""


@dataclass(frozen=True, slots=True)
class Observation:
    """The records that were over at a time, in seconds of a monotonic clock."""

    at: float
    over: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """A forecast for a run that is not over; None for what cannot be said yet."""

    a_minute: float | None = None
    """Records that came to their end."""
    soonest: float | None = None
    latest: float | None = None
    """Seconds that are left."""
    cost: float | None = None
    """US dollars in all, if the rest costs as much as what is over."""

    @property
    def rate(self) -> str:
        if self.a_minute is None:
            return "not known yet"
        if self.a_minute < 1:
            return f"{formatting.rate(60 * self.a_minute)} records an hour"
        return f"{formatting.rate(self.a_minute)} records a minute"

    @property
    def left(self) -> str:
        """A range, or one time when both ends read the same; empty while it is unknown."""
        if self.soonest is None or self.latest is None:
            return ""
        low, high = formatting.seconds(self.soonest), formatting.seconds(self.latest)
        return f"{formatting.span(low, high)} left"


@dataclass(slots=True)
class Pace:
    """The pace of one run. Batches end as a whole, so the time left is a range."""

    observations: deque[Observation] = field(default_factory=lambda: deque(maxlen=OBSERVATIONS))

    def observe(self, at: float, run: RunStatus, age: float | None = None) -> None:
        """Add an observation if the run has moved since the last one.

        `age` are the seconds since the run was planned, when no record was over.
        """
        over = run.records_over
        if not self.observations and over and age is not None:
            self.observations.append(Observation(at - age, 0))
        if not self.observations or over != self.observations[-1].over:
            self.observations.append(Observation(at, over))

    def forecast(self, at: float, run: RunStatus) -> Forecast:
        """The forecast at this time: the longer a run does not move, the slower it gets."""
        left = run.records_open
        moves = len(self.observations) - 1
        if left <= 0 or moves < 1:
            return Forecast()
        rates = self._rates(max(at, self.observations[-1].at))
        slowest = max(min(rates), rates[0] / MOST_SLOWER)
        # Few observations make a wide range: half and three halves after the first move.
        doubt = 1 / (moves + 1)
        return Forecast(
            a_minute=60 * rates[0],
            soonest=_rounded((1 - doubt) * left / max(rates)),
            latest=_rounded((1 + doubt) * left / slowest),
            cost=_cost_in_all(run),
        )

    def _rates(self, now: float) -> list[float]:
        """Records a second until now: since the first observation, and since later ones."""
        first, last = self.observations[0], self.observations[-1]
        least = max((now - first.at) / 2, 0.001)
        return [
            (last.over - each.over) / (now - each.at)
            for each in self.observations
            if now - each.at >= least and last.over > each.over
        ] or [last.over / least]


def _rounded(seconds: float) -> float:
    """To 1 s below a minute, 10 s below ten, a minute below three hours, then ten minutes."""
    size = next((size for size, most in ((1, 60), (10, 600), (60, 10_800)) if seconds < most), 600)
    return float(max(1, round(seconds / size)) * size)


def _cost_in_all(run: RunStatus) -> float | None:
    over = run.records_over
    return run.cost * (1 + run.records_open / over) if run.cost and over else None
