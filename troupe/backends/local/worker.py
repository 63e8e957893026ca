"""The local worker: delivers messages, runs the stand-in's jobs and ticks, until all is done."""

from collections.abc import Callable
from datetime import datetime, timedelta

from .backend import LocalBackend

TICK_SECONDS = 5.0
TICK_GAP = timedelta(seconds=TICK_SECONDS)


class Worker:
    """Does one short step per call, so that requests of other processes are answered between."""

    def __init__(self, backend: LocalBackend, wait: Callable[[float], None]) -> None:
        """`wait` sleeps for at most these seconds, less when a request of another process comes."""
        self._backend, self._wait = backend, wait
        self._ticked_at: datetime | None = None
        self._quiet = False
        """Whether the last tick led to no event."""
        self.deliveries = 0

    def step(self) -> bool:
        """Do one step; False when nothing is left to do, now or later."""
        if self._backend.deliver_next() is not None:
            self.deliveries += 1
            self._quiet = False
            return True
        if self._backend.service.step():
            self._quiet = False
            return True
        if self._tick_if_due():
            return True
        return self._wait_for_more()

    def _tick_if_due(self) -> bool:
        """Tick when no other work is due, and then every `TICK_SECONDS` while jobs are pending."""
        now = self._backend.clock()
        if self._quiet and self._ticked_at and now - self._ticked_at < TICK_GAP:
            return False
        if self._quiet and not self._is_pending():
            return False
        self._ticked_at = now
        before = self._backend.bus.sent
        self._backend.tick()
        self._backend.deliver_next()
        # The one message is the tick itself.
        self._quiet = self._backend.bus.sent == before + 1
        return True

    def _is_pending(self) -> bool:
        """Whether a message or a job becomes due later, or a handler waits for a time."""
        backend = self._backend
        times = (backend.service.next_due(), backend.next_wait())
        return backend.bus.waiting > 0 or any(time is not None for time in times)

    def _wait_for_more(self) -> bool:
        if not self._is_pending():
            return False
        due = self._backend.bus.next_due()
        seconds = (due - self._backend.clock()).total_seconds() if due else TICK_SECONDS
        self._wait(max(0.01, min(seconds, 1.0)))
        return True
