"""Interleaved deliveries: one thread each, of which only one runs at a time.

A thread hands control back when it is parked or done, so the simulation alone decides the order.
"""

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import ClassVar


class Crash(BaseException):
    """The process of this delivery died; everything in its memory is lost."""


class _PooledThread:
    """An operating system thread that runs one task after another; starting one each is slow."""

    idle: ClassVar["list[_PooledThread]"] = []

    def __init__(self) -> None:
        self.tasks: SimpleQueue[Callable[[], None]] = SimpleQueue()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            self.tasks.get()()


class SimulatedThread:
    """One delivery, or one operator's command, in progress."""

    current: "SimulatedThread | None" = None

    def __init__(self, name: str, work: Callable[[], None]) -> None:
        self.name = name
        self.done = self.crashed = False
        self.resumes_in: float = 0.0
        """Seconds until it goes on, set when it parks."""
        self.has_claimed = self.is_fenced = False
        self.seconds_left = 500.0
        """How long it may still be parked after it found its claim young enough."""
        self._work, self._killed = work, False
        self._error: BaseException | None = None
        # Two locks as binary semaphores: one lets the thread run, one returns control.
        self._run_lock, self._return_lock = threading.Lock(), threading.Lock()
        self._run_lock.acquire()
        self._return_lock.acquire()
        self._thread = _PooledThread.idle.pop() if _PooledThread.idle else _PooledThread()
        self._thread.tasks.put(self._run)

    def resume(self) -> None:
        """Run until it parks or ends. Raises an error that no port raises: a fault in the product."""
        before, SimulatedThread.current = SimulatedThread.current, self
        self._run_lock.release()
        self._return_lock.acquire()
        SimulatedThread.current = before
        if self.done:
            _PooledThread.idle.append(self._thread)
        if self._error is not None:
            raise self._error

    def park(self, seconds: float) -> None:
        """Stop here for so many seconds while others run; called by the delivery itself."""
        if self.is_fenced:
            seconds = min(seconds, self.seconds_left)
            self.seconds_left -= seconds
        self.resumes_in = seconds
        self._return_lock.release()
        self._run_lock.acquire()
        if self._killed:
            raise Crash

    def kill(self) -> None:
        """End it where it is parked."""
        self._killed = True
        self.resume()

    def _run(self) -> None:
        self._run_lock.acquire()
        try:
            if not self._killed:
                self._work()
        except Crash:
            self.crashed = True
        except BaseException as error:
            self._error = error
        finally:
            self.done = True
            self._return_lock.release()
