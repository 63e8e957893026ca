"""A bounded number of threads that ask an endpoint, and ask again what it did not answer."""

import heapq
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import count
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from troupe.endpoint.failure import EndpointFailure
from troupe.endpoint.pace import Pace
from troupe.standin.answering import Keep
from troupe.standin.prediction_lines import Answer

LOG = logging.getLogger("troupe.endpoint")

_WAITING = "asking again after pauses of up to a minute"
_AHEAD = 4
"""Requests that wait for a thread, for each that may be in flight: none of them is sent yet."""
_TRIES = 3
"""A request that failed so often, while others were answered, is at fault itself."""
_TRIES_OVERLOADED = 5
"""The same for failures that say nothing about the request, such as 429."""
_FIRST_DELAY, _LONGEST_DELAY = 0.5, 4.0
"""Seconds before a request that failed is sent again; doubled each time."""
_LOOK_SECONDS = 0.2
"""How long the caller waits for an answer before it looks after other work."""
_SUSPECT_ROUNDS = 2
"""After so many rounds of failures a probe is sent in place of the requests."""


class Asked(Protocol):
    """What the pool asks."""

    def __call__(self, request: Mapping[str, Any]) -> Answer:
        """Answer a request. Raises `EndpointFailure`."""
        ...

    def probe(self) -> None:
        """Return when requests are answered at all. Raises `EndpointFailure`."""
        ...

    def close(self) -> None:
        """Close what is not in use."""
        ...


@dataclass(slots=True)
class _Task:
    lane: "Lane"
    number: int
    request: Mapping[str, Any]
    sent: int = 0
    tries: int = 0
    """Failures, without those between which nothing else was answered."""
    answers_seen: int = -1
    """Answers to all requests when this one failed last."""
    sent_at: float = 0.0


class AnswerPool:
    """Sends requests in parallel, for one thread that adds requests and takes answers.

    What the endpoint does not answer is sent again. When nothing is answered any more, probes are
    sent after pauses that grow, so that an outage is waited for; after `patience` seconds the
    requests fail. A request that fails again and again while others, or probes, are answered fails
    alone.
    """

    def __init__(
        self,
        endpoint: Asked,
        *,
        most: int,
        patience: float,
        clock: Callable[[], float] = time.monotonic,
        on_outage: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`on_outage` gets a sentence when an outage begins and when it ends.

        It is called under the lock of the pool: in order, and before what it announces happens.
        """
        self.room = most * (1 + _AHEAD)
        self._endpoint, self._patience, self._clock = endpoint, patience, clock
        self._on_outage = on_outage
        self._pace = Pace(most)
        self._changed = threading.Condition()
        self._waiting: deque[_Task] = deque()
        self._delayed: list[tuple[float, int, _Task]] = []
        self._order = count()
        self._threads = self._in_flight = 0
        self._is_suspect = self._is_probing = self._is_out = self._closed = False
        self._given_up: EndpointFailure | None = None
        self.error: Exception | None = None
        """What a thread could not do, such as storing an answer on a full disk."""

    def open(self, keep: Keep) -> "Lane":
        """Return the requests and answers of one job; `keep` stores each answer as it arrives."""
        return Lane(self, keep)

    def close(self, seconds: float = 0.5) -> None:
        """Send nothing more, and wait at most so long for the answers to what was sent."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._in_flight == 0, timeout=seconds)
        self._endpoint.close()

    def add(self, task: _Task) -> None:
        """Queue a request. While the endpoint is given up, it fails until the next probe is due."""
        with self._changed:
            failure = self._given_up if self._pace.paused_until > self._clock() else None
            if failure is None:
                self._waiting.append(task)
                self._start_thread()
                self._changed.notify()
        if failure is not None:
            task.lane.add(task.number, Answer(status=failure.status))

    def drop(self, lane: "Lane") -> None:
        """Forget the requests of a job that are not sent yet."""
        with self._changed:
            self._waiting = deque(task for task in self._waiting if task.lane is not lane)
            self._delayed = [each for each in self._delayed if each[2].lane is not lane]
            heapq.heapify(self._delayed)

    def _start_thread(self) -> None:
        if self._threads < min(self._pace.most, self._in_flight + len(self._waiting)):
            self._threads += 1
            # A daemon: the end of the process does not wait for an endpoint that hangs.
            threading.Thread(target=self._work, name="endpoint", daemon=True).start()

    def _work(self) -> None:
        while (step := self._next()) is not None:
            try:
                step()
            except Exception as error:
                self.error = error
            finally:
                with self._changed:
                    self._in_flight -= 1
                    self._changed.notify_all() if self._closed else self._changed.notify()

    def _next(self) -> Callable[[], None] | None:
        """Wait for a request that may be sent, or a probe; None when the pool is closed."""
        with self._changed:
            while not self._closed:
                now = self._clock()
                pause = self._pace.wait(now, self._in_flight)
                if pause == 0.0 and (step := self._due(now)) is not None:
                    self._in_flight += 1
                    return step
                self._changed.wait(self._idle_seconds(now, pause))
            return None

    def _due(self, now: float) -> Callable[[], None] | None:
        if self._is_suspect:
            if self._is_probing or not (self._waiting or self._delayed):
                return None
            self._is_probing = True
            return partial(self._probe, now)
        task = None
        if self._delayed and self._delayed[0][0] <= now:
            task = heapq.heappop(self._delayed)[2]
        elif self._waiting:
            task = self._waiting.popleft()
        if task is None:
            return None
        task.sent, task.sent_at = task.sent + 1, now
        return partial(self._send, task)

    def _idle_seconds(self, now: float, pause: float | None) -> float | None:
        """How long nothing can be sent; None: until something changes."""
        if pause or pause is None:
            return pause
        if self._is_suspect or not self._delayed:
            return None
        return max(0.0, self._delayed[0][0] - now)

    def _send(self, task: _Task) -> None:
        try:
            answer = self._endpoint(task.request)
        except EndpointFailure as failure:
            for each in self._failed(task, failure):
                each.lane.add(each.number, Answer(status=failure.status))
            return
        task.lane.add(task.number, answer)
        self._answered()

    def _probe(self, sent_at: float) -> None:
        """Find out whether the requests that failed are at fault, or the endpoint."""
        try:
            self._endpoint.probe()
        except EndpointFailure as failure:
            with self._changed:
                self._is_probing = False
                self._pace.failed(self._clock(), sent_at, failure)
                if not self._is_out:
                    self._is_out = True
                    LOG.warning("endpoint-down", extra={"status": failure.code})
                    self._on_outage(f"the endpoint does not answer ({failure}); {_WAITING}")
                given_up = self._give_up_all(failure)
            for each in given_up:
                each.lane.add(each.number, Answer(status=failure.status))
            return
        self._is_probing = False
        self._answered()

    def _answered(self) -> None:
        with self._changed:
            self._pace.answered()
            self._given_up = None
            if self._is_out:
                self._is_out = False
                LOG.info("endpoint-back")
                self._on_outage("the endpoint answers again")
            if self._is_suspect:
                self._is_suspect = False
                self._changed.notify_all()

    def _failed(self, task: _Task, failure: EndpointFailure) -> list[_Task]:
        """Queue a request again after a failure; return what is given up."""
        with self._changed:
            now, answers = self._clock(), self._pace.answers
            self._pace.failed(now, task.sent_at, failure)
            self._is_suspect = self._is_suspect or self._pace.rounds >= _SUSPECT_ROUNDS
            if answers > task.answers_seen:
                task.tries, task.answers_seen = task.tries + 1, answers
            if task.tries >= (_TRIES if failure.of_request else _TRIES_OVERLOADED):
                return [task]
            if not task.lane.closed:
                delay = min(_LONGEST_DELAY, _FIRST_DELAY * 2 ** (task.sent - 1))
                heapq.heappush(self._delayed, (now + delay, next(self._order), task))
            return []

    def _give_up_all(self, failure: EndpointFailure) -> list[_Task]:
        """Return every request, when the endpoint was out for too long."""
        began = self._pace.failing_since
        if began is None or self._clock() - began < self._patience:
            return []
        self._given_up = failure
        rest = [*self._waiting, *(task for _, _, task in self._delayed)]
        self._waiting.clear()
        self._delayed.clear()
        return rest


class Lane:
    """The requests and the answers of one job."""

    def __init__(self, pool: AnswerPool, keep: Keep) -> None:
        self.room = pool.room
        self.closed = False
        self._pool, self._keep = pool, keep
        self._answers: SimpleQueue[tuple[int, Answer]] = SimpleQueue()

    def ask(self, number: int, request: Mapping[str, Any]) -> None:
        """Queue the request of a line."""
        self._pool.add(_Task(self, number, request))

    def take(self) -> tuple[int, Answer] | None:
        """Wait a moment for an answer to any line; return its number and the answer."""
        if self._pool.error is not None:
            raise self._pool.error
        try:
            return self._answers.get(timeout=_LOOK_SECONDS)
        except Empty:
            return None

    def add(self, number: int, answer: Answer) -> None:
        """Store an answer that arrived, then hand it over. Called by the pool's threads."""
        if not self.closed:
            self._keep(number, answer)
            self._answers.put((number, answer))

    def close(self) -> None:
        """Drop what was not sent yet; answers that arrive later are ignored."""
        self.closed = True
        self._pool.drop(self)
