"""What follows from a closing: another attempt, or the end of the batch."""

from datetime import UTC, datetime
from typing import Any

import pytest

from events import BatchAbandoned, BatchCompleted, BatchPlanned, ResultsProcessed
from handlers.settle_batch import settle_batch
from tests.tracking.harness import DAY


def processed(**changed: Any) -> ResultsProcessed:
    """The second attempt at batch 3, in which ten records were analysed."""
    fields: dict[str, Any] = {
        "run_id": "r1", "planned_on": DAY, "batch": 3, "attempt": 2, "analysed": 10, "failed": 0,
        "released": 0, "open": 0, "outcome": "answered", "cause": "",
    }  # fmt: skip
    return ResultsProcessed(**fields | changed)


def test_open_records_are_requested_by_the_next_attempt() -> None:
    """However many were analysed."""
    (event,) = settle_batch(processed(open=4))

    assert BatchPlanned(run_id="r1", planned_on=DAY, batch=3, attempt=3, records=4) == event


@pytest.mark.parametrize("failed", [0, 5])
def test_a_batch_without_open_and_released_records_is_completed(failed: int) -> None:
    """Failed records are a result too."""
    (event,) = settle_batch(processed(failed=failed))

    assert (
        BatchCompleted(
            run_id="r1", planned_on=DAY, batch=3, attempts=2, analysed=10, failed=failed, released=0
        )
        == event
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"released": 1, "outcome": "released", "cause": "cancelled"},
        {"released": 1, "outcome": "answered"},
        {"outcome": "refused", "cause": "job_refused"},
        {"released": 1, "outcome": "refused", "cause": "job_refused"},
    ],
)
def test_a_batch_with_released_records_or_a_refused_job_is_abandoned(
    changed: dict[str, Any],
) -> None:
    """Each of the two is enough; the cause is passed on, by which a run is stopped."""
    (event,) = settle_batch(processed(**changed))

    assert isinstance(event, BatchAbandoned)
    assert changed.get("cause", "") == event.cause
    assert (10, changed.get("released", 0), 2) == (event.analysed, event.released, event.attempts)


def test_the_next_attempt_waits_until_the_time_of_the_closing() -> None:
    """The service did not answer: asked at once, it would fail again."""
    until = datetime(2026, 3, 2, 10, tzinfo=UTC)

    (event,) = settle_batch(processed(open=4, outcome="unanswered", not_before=until))

    assert isinstance(event, BatchPlanned)
    assert until == event.not_before
