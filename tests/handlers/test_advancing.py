"""Advancing a run: what follows from the batches that have ended."""

from datetime import timedelta
from typing import Any, cast

from events import RunCompleted, RunStopped
from handlers.advance_run import advance
from handlers.ports import Policy
from tests.handlers.fakes import FakeTracking
from tests.harness import START
from tests.tracking.harness import DAY
from tracking import Tracking

POLICY = Policy()
TODAY = START.date()


def following(days: int = 0, **of: Any) -> list[Any]:
    """What follows in a run of five batches, whose budget pays for no further one."""
    today = TODAY + timedelta(days=days)
    tracking = cast("Tracking", FakeTracking(**of))
    progress = tracking.progress("r1", DAY)
    return list(advance("r1", DAY, progress, tracking, POLICY, today, lambda: TODAY))


def stop(reason: str) -> RunStopped:
    return RunStopped(run_id="r1", planned_on=DAY, reason=reason)


def test_a_run_whose_budget_pays_for_no_further_batch_is_stopped() -> None:
    """None is in flight, so nothing will be left over."""
    assert [stop("budget")] == following(finished=2)


def test_nothing_follows_in_a_stopped_run_until_its_batches_are_over() -> None:
    """Whatever its budget, its age and its failures: it is not stopped again."""
    late = POLICY.run_days + 1

    assert [] == following(days=late, finished=2, failed=1, stopped=True)


def test_a_run_in_which_too_many_records_failed_is_stopped_before_all_else() -> None:
    """Even if its budget is spent as well."""
    assert [stop("breaker")] == following(finished=2, failed=1)


def test_a_run_that_is_too_old_is_stopped() -> None:
    """One day after the last that is allowed."""
    assert [stop("budget")] == following(days=POLICY.run_days, finished=2)
    assert [stop("age")] == following(days=POLICY.run_days + 1, finished=2)


def test_a_run_whose_batches_are_all_over_is_completed_with_its_totals() -> None:
    """Whatever its age, its failures and its budget."""
    (event,) = following(days=POLICY.run_days + 1, finished=5, failed=9)

    assert isinstance(event, RunCompleted)
    assert (5, 10, 8, 1, 1) == (
        event.batches, event.records, event.analysed, event.failed, event.released
    )  # fmt: skip
