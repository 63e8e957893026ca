"""How fast to ask an endpoint: the number of requests in flight, and the pauses after failures."""

from dataclasses import dataclass

from troupe.endpoint.failure import EndpointFailure

LONGEST_PAUSE = 60.0
"""Seconds between two probes of an endpoint that is down."""
LONGEST_RETRY_AFTER = 3600.0
"""Seconds. A longer wait that the endpoint demands is cut to this."""
_FIRST_PAUSE = 0.5


@dataclass(slots=True)
class Pace:
    """The limit halves when the endpoint is overloaded, and grows by one with each answer.

    A *round* of failures is one in which every request failed that was sent after the round before.
    Pauses begin with the second round in a row: a failure among answers delays itself alone.
    Times are seconds of one monotonic clock, which the caller reads.
    """

    most: int
    limit: int = 0
    paused_until: float = 0.0
    failing_since: float | None = None
    """When the first request failed after the last answer; None: the endpoint answers."""
    rounds: int = 0
    answers: int = 0
    _round_began: float = 0.0
    _cut_at: float = 0.0

    def __post_init__(self) -> None:
        self.limit = self.most

    def wait(self, now: float, in_flight: int) -> float | None:
        """Seconds until a request may be sent; None: not before one in flight has ended."""
        if in_flight >= self.limit:
            return None
        return max(0.0, self.paused_until - now)

    def answered(self) -> None:
        """Note an answer."""
        self.answers += 1
        self.failing_since, self.rounds = None, 0
        self.limit = min(self.most, self.limit + 1)

    def failed(self, now: float, sent_at: float, failure: EndpointFailure) -> None:
        """Note the failure of a request that was sent at `sent_at`."""
        if self.failing_since is None:
            self.failing_since = now
        if failure.slows and sent_at >= self._cut_at:
            # Once for all requests that were in flight together.
            self.limit, self._cut_at = max(1, self.limit // 2), now
        if failure.retry_after:
            self._pause(now + min(failure.retry_after, LONGEST_RETRY_AFTER))
        if self.rounds == 0 or sent_at >= self._round_began:
            self.rounds, self._round_began = self.rounds + 1, now
            if self.rounds > 1:
                self._pause(now + min(LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(self.rounds - 2, 20)))

    def _pause(self, until: float) -> None:
        self.paused_until = max(self.paused_until, until)
