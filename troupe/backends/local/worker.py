"""Works until there is nothing left to do: messages, the stand-in's jobs, the tick."""

from collections.abc import Callable
from datetime import datetime, timedelta

from .backend import LocalBackend

TICK_SECONDS = 5.0


class Worker:
    """Takes one small step after another, so that whoever asks in between is answered soon."""

    def __init__(self, backend: LocalBackend, wait: Callable[[float], None]) -> None:
        """`wait` spends at most these seconds, or less when somebody asks for something."""
        self._backend, self._wait = backend, wait
        self._ticked_at: datetime | None = None
        self._quiet = False
        """The last tick found nothing to do."""
        self.deliveries = 0

    def step(self) -> bool:
        """Do one thing; False when there is nothing to do now or later."""
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
        """A tick when everything else is done, and now and then while something is awaited."""
        now = self._backend.clock()
        if self._quiet and self._ticked_at and now - self._ticked_at < _gap():
            return False
        if self._quiet and not self._awaited():
            return False
        self._ticked_at = now
        before = self._backend.bus.sent
        self._backend.tick()
        self._backend.deliver_next()
        # The tick's own message is the one that was sent.
        self._quiet = self._backend.bus.sent == before + 1
        return True

    def _awaited(self) -> bool:
        """Whether something is on its way that no step can hurry."""
        return self._backend.bus.waiting > 0 or self._backend.service.next_due() is not None

    def _wait_for_more(self) -> bool:
        if not self._awaited():
            return False
        due = self._backend.bus.next_due()
        seconds = (due - self._backend.clock()).total_seconds() if due else TICK_SECONDS
        self._wait(max(0.01, min(seconds, 1.0)))
        return True


def _gap() -> timedelta:
    return timedelta(seconds=TICK_SECONDS)
