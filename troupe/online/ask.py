"""Ask a model about several requests at a time, and take the answers in the order of the requests."""

from collections.abc import Callable, Generator, Iterator, Sequence
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


def in_parallel(
    ask: Callable[[A], B], requests: Sequence[A], most: int
) -> Generator[B, None, None]:
    """Yield what `ask` returns for each request, in their order; ask at most `most` at a time.

    An exception of `ask` is raised in its place. Nothing more is asked then, or when the iterator
    is closed. The threads are daemons: Ctrl-C does not wait for a model.
    """
    waiting = SimpleQueue[tuple[int, A]]()
    for each in enumerate(requests):
        waiting.put(each)
    done = SimpleQueue[tuple[int, B | None, Exception | None]]()
    ended = Event()

    def work() -> None:
        while not ended.is_set():
            try:
                number, request = waiting.get_nowait()
            except Empty:
                return
            try:
                done.put((number, ask(request), None))
            except Exception as error:
                ended.set()
                done.put((number, None, error))

    for _ in range(min(most, len(requests))):
        Thread(target=work, name="online", daemon=True).start()
    try:
        yield from _in_order(done, len(requests))
    finally:
        ended.set()


def _in_order(
    done: "SimpleQueue[tuple[int, B | None, Exception | None]]", count: int
) -> Iterator[B]:
    early: dict[int, tuple[B | None, Exception | None]] = {}
    for number in range(count):
        while number not in early:
            other, answer, error = done.get()
            early[other] = answer, error
        answer, error = early.pop(number)
        if error is not None:
            raise error
        yield answer  # type: ignore[misc]  # None only with an error, or where B has it
