"""How fast an endpoint is asked: fewer requests while it is overloaded, pauses while it is down."""

from hypothesis import given
from hypothesis import strategies as st

from troupe.endpoint.failure import EndpointFailure
from troupe.endpoint.pace import LONGEST_PAUSE, LONGEST_RETRY_AFTER, Pace

BUSY = EndpointFailure(429, "Too Many Requests")
BROKEN = EndpointFailure(500, "Internal Server Error")


def test_the_limit_halves_when_the_endpoint_is_overloaded_and_grows_with_answers() -> None:
    """Once for all requests that were in flight together, and to one at least."""
    pace = Pace(8)
    limits = []
    for sent_at, now in ((0, 1), (0, 2), (1.5, 3), (4, 5), (6, 7), (8, 9)):
        pace.failed(now, sent_at, BUSY)
        limits.append(pace.limit)
    for _ in range(9):
        pace.answered()
        limits.append(pace.limit)

    assert [4, 4, 2, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8] == limits


def test_a_failure_that_is_no_overload_keeps_the_limit() -> None:
    """One broken request says nothing about the others."""
    pace = Pace(8)
    pace.failed(1, 0, BROKEN)

    assert (8, 0.0) == (pace.limit, pace.wait(1, in_flight=7))


def test_a_request_waits_for_one_in_flight_to_end() -> None:
    """However long that takes."""
    assert [0.0, None, None] == [Pace(2).wait(0, in_flight) for in_flight in (1, 2, 3)]


def test_pauses_grow_while_nothing_is_answered() -> None:
    """From the second round on, up to a minute; an answer ends them."""
    pace = Pace(1)
    pauses, now = [], 100.0
    for _ in range(10):
        pace.failed(now, now - 0.01, BUSY)
        pauses.append(pace.wait(now, 0))
        now += (pauses[-1] or 0) + 1
    pace.answered()

    assert [0.0, 0.5, 1, 2, 4, 8, 16, 32, 60, 60] == pauses
    assert (None, 0) == (pace.failing_since, pace.rounds)


def test_requests_that_fail_together_are_one_round() -> None:
    """Eight refused connections are no reason for a pause of a minute."""
    pace = Pace(8)
    for number in range(8):
        pace.failed(1 + number / 100, 0.5, BROKEN)

    assert (1, 0.0) == (pace.rounds, pace.wait(2, 0))


def test_a_retry_after_is_kept() -> None:
    """Also when it is longer than the own pauses; one of days is cut."""
    pace = Pace(8)
    pace.failed(10, 9, EndpointFailure(503, "Unavailable", retry_after=20))
    assert 20 == pace.wait(10, 0)
    pace.failed(11, 9, EndpointFailure(429, "Busy", retry_after=5))
    assert 19 == pace.wait(11, 0)
    pace.failed(12, 9, EndpointFailure(429, "Busy", retry_after=1e9))
    assert LONGEST_RETRY_AFTER == pace.wait(12, 0)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 100), st.floats(0, 10))))
def test_the_limit_and_the_pauses_stay_within_their_bounds(
    steps: list[tuple[bool, float, float]],
) -> None:
    """Whatever comes back, in whatever order."""
    pace, now, limits, waits = Pace(8), 0.0, [8], [0.0]
    for is_answer, passed, took in steps:
        now += passed
        if is_answer:
            pace.answered()
        else:
            pace.failed(now, now - took, BUSY)
        limits.append(pace.limit)
        waits.append(pace.wait(now, 0) or 0.0)

    assert 1 <= min(limits) <= max(limits) == 8
    assert 0.0 <= min(waits) <= max(waits) <= LONGEST_PAUSE
