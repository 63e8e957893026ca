"""Requests in parallel: answers in order, and nothing is asked after an error."""

import threading

import pytest

from troupe.online.ask import in_parallel


def test_answers_come_in_the_order_of_the_requests() -> None:
    """The first one is answered last."""
    released = threading.Event()

    def ask(number: int) -> int:
        if number == 0:
            assert released.wait(10)
        elif number == 3:
            released.set()
        return number * 10

    assert [0, 10, 20, 30] == list(in_parallel(ask, range(4), 2))


def test_no_more_are_asked_at_a_time_than_allowed() -> None:
    """With one at a time each waits for the one before."""
    open_now, most = 0, 0
    lock = threading.Lock()

    def ask(number: int) -> int:
        nonlocal open_now, most
        with lock:
            open_now += 1
            most = max(most, open_now)
        with lock:
            open_now -= 1
        return number

    assert list(range(50)) == list(in_parallel(ask, range(50), 1))
    assert 1 == most


def test_an_error_is_raised_in_its_place_and_ends_the_asking() -> None:
    """What stands before it is answered."""
    asked = []

    def ask(number: int) -> int:
        asked.append(number)
        if number == 2:
            raise ValueError("two")
        return number

    answers = in_parallel(ask, range(1_000), 1)
    assert [0, 1] == [next(answers), next(answers)]
    with pytest.raises(ValueError, match="two"):
        next(answers)
    assert [0, 1, 2] == asked


def test_nothing_is_asked_after_the_iterator_is_closed() -> None:
    """Ctrl-C closes it: what is not asked yet is not paid for."""
    asked = []
    go_on = threading.Event()

    def ask(number: int) -> int:
        asked.append(number)
        if number:
            assert go_on.wait(10)
        return number

    answers = in_parallel(ask, range(1_000), 1)
    next(answers)
    (thread,) = (each for each in threading.enumerate() if each.name == "online")
    answers.close()
    go_on.set()
    thread.join(10)

    assert len(asked) <= 2
