"""How the requests of a job are answered: one after the other, or in parallel by an endpoint."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from troupe.standin.prediction_lines import Answer, Answerer

Keep = Callable[[int, Answer], None]
"""Stores the answer to a line. May be called by any thread."""


class Answering(Protocol):
    """The requests and the answers of one job, in any order."""

    @property
    def room(self) -> int:
        """How many requests may wait for an answer."""
        ...

    def ask(self, number: int, request: Mapping[str, Any]) -> None:
        """Add the request of a line."""
        ...

    def take(self) -> tuple[int, Answer] | None:
        """Return a line's number and its answer; None when there is none yet, after a moment."""
        ...

    def close(self) -> None:
        """Drop what is left."""
        ...


@runtime_checkable
class Answers(Protocol):
    """What answers the requests of all jobs."""

    def open(self, keep: Keep) -> Answering:
        """Begin a job. Each answer is given to `keep` before it can be taken."""
        ...

    def close(self) -> None:
        """End everything within a second."""
        ...


class OneByOne:
    """Calls an `Answerer` for each request, in the thread that asks."""

    def __init__(self, answerer: Answerer) -> None:
        self._answerer = answerer

    def open(self, keep: Keep) -> Answering:
        return _OneByOneJob(self._answerer, keep)

    def close(self) -> None:
        """Nothing is open."""


class _OneByOneJob:
    room = 1

    def __init__(self, answerer: Answerer, keep: Keep) -> None:
        self._answerer, self._keep = answerer, keep
        self._answers: deque[tuple[int, Answer]] = deque()

    def ask(self, number: int, request: Mapping[str, Any]) -> None:
        answer = self._answerer(request)
        self._keep(number, answer)
        self._answers.append((number, answer))

    def take(self) -> tuple[int, Answer] | None:
        return self._answers.popleft() if self._answers else None

    def close(self) -> None:
        """Nothing is open."""
