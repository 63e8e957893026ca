"""Deliveries side by side: each in a thread of its own, and only one of them ever runs.

A delivery gives the baton back where it is parked or over, so that the order of everything is
decided by the simulation alone.
"""

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import ClassVar


class Crash(BaseException):
    """The process of this delivery is gone, with everything that it had in memory."""


class _Stage:
    """A thread that plays one actor after another: a new one for each would cost too much."""

    idle: ClassVar["list[_Stage]"] = []

    def __init__(self) -> None:
        self.plays: SimpleQueue[Callable[[], None]] = SimpleQueue()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            self.plays.get()()


class Actor:
    """One delivery under way."""

    current: "Actor | None" = None

    def __init__(self, name: str, work: Callable[[], None]) -> None:
        self.name = name
        self.over = self.crashed = self.waits_for_turn = False
        self.resumes_in: float = 0.0
        self.has_claimed = self.is_fenced = False
        self.seconds_left = 500.0
        """How long it may still be parked once its claim was found young enough."""
        self._work, self._killed = work, False
        self._error: BaseException | None = None
        self._go, self._back = threading.Lock(), threading.Lock()
        self._go.acquire()
        self._back.acquire()
        self._stage = _Stage.idle.pop() if _Stage.idle else _Stage()
        self._stage.plays.put(self._play)

    def go_on(self) -> None:
        """Run until it is parked or over; raises what only a fault in the product can raise."""
        before, Actor.current = Actor.current, self
        self._go.release()
        self._back.acquire()
        Actor.current = before
        if self.over:
            _Stage.idle.append(self._stage)
        if self._error is not None:
            raise self._error

    def park(self, seconds: float) -> None:
        """Called by the delivery itself: others go on meanwhile."""
        if self.is_fenced:
            seconds = min(seconds, self.seconds_left)
            self.seconds_left -= seconds
        self.resumes_in = seconds
        self._back.release()
        self._go.acquire()
        if self._killed:
            raise Crash

    def kill(self) -> None:
        """It never comes back from where it is parked."""
        self._killed = True
        self.go_on()

    def _play(self) -> None:
        self._go.acquire()
        try:
            if not self._killed:
                self._work()
        except Crash:
            self.crashed = True
        except BaseException as error:
            self._error = error
        finally:
            self.over = True
            self._back.release()
