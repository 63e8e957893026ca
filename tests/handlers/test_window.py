"""The window and the circuit breaker: which batches may run, and when a run is stopped."""

from typing import Any

import pytest

from handlers.runs.circuit_breaker import breaker_trips
from handlers.runs.window import last_allowed
from tracking import Progress


def progress(**changed: Any) -> Progress:
    """A run of ten batches, of which the canary and two more are over."""
    fields = {
        "batches": 10, "finished": 3, "over_to": 3, "canary_finished": True, "records_over": 100,
        "failed_over": 0, "stopped": False, "refused": False, "unanswered_seconds": None,
    }  # fmt: skip
    return Progress(**fields | changed)


@pytest.mark.parametrize(
    ("changed", "last"),
    [
        ({}, 7),
        ({"finished": 8}, 10),
        ({"finished": 0, "canary_finished": False}, 1),
    ],
)
def test_four_batches_at_once_run_after_the_canary(changed: dict[str, Any], last: int) -> None:
    """The canary runs alone."""
    assert last == last_allowed(progress(**changed), 4)


@pytest.mark.parametrize(
    ("changed", "trips"),
    [
        ({"failed_over": 20}, False),
        ({"failed_over": 21}, True),
        ({"failed_over": 21, "stopped": True}, False),
        ({"failed_over": 21, "finished": 10}, False),
        ({"failed_over": 0, "records_over": 0}, False),
    ],
)
def test_the_breaker_trips_above_its_limit_while_the_run_can_still_be_stopped(
    changed: dict[str, Any], trips: bool
) -> None:
    """At the limit of 20 per cent it does not."""
    assert trips == breaker_trips(progress(**changed), 20.0)
