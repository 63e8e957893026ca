"""Hard caps per run and per day, in money and in tokens: refused with the estimate, or partial."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from events import RunStopped
from handlers.advance_run import advance
from handlers.runs.estimate import dollars
from tests.harness import Stage, calls
from tracking import Tracking
from troupe import operations
from troupe.backends.local.backend import LOCAL_POLICY, LocalSettings

Capped = Callable[..., Stage]


@pytest.fixture
def capped(tmp_path: Path) -> Iterator[Capped]:
    stages: list[Stage] = []

    def make(**caps: float) -> Stage:
        policy = replace(LOCAL_POLICY, **caps)  # type: ignore[arg-type]
        stages.append(Stage(tmp_path / "home", LocalSettings(policy=policy)))
        stages[-1].load(calls(60))
        return stages[-1]

    yield make
    for stage in stages:
        stage.close()


def refused(stage: Stage) -> list[tuple[str, ...]]:
    return stage.sql("SELECT run_id, cause, detail FROM error_tracking WHERE scope = 'system'")


def test_a_run_that_needs_more_tokens_than_it_may_is_refused_with_the_estimate(
    capped: Capped,
) -> None:
    """The refusal says what it would take, and what is left."""
    stage = capped()

    stage.request(budget_tokens=2_000)
    stage.play()

    ((run_id, cause, detail),) = refused(stage)
    assert ("r1", "over_budget") == (run_id, cause)
    assert "tokens, and 2,000 are left" in detail
    assert 0 == stage.jobs()


def test_a_run_whose_first_batch_may_not_fit_is_refused(capped: Capped) -> None:
    """By the high end: nothing is begun that may break the cap."""
    stage = capped()
    stage.request("dry", dry_run=True)
    stage.play()
    ((records,),) = stage.sql("SELECT would_records FROM run_plans")

    stage.request(budget_tokens=40_000, canary=records)
    stage.play()

    assert "its first batch may take more" in refused(stage)[0][2]


def test_a_refusal_tells_small_money_in_digits_that_say_something(capped: Capped) -> None:
    """What it would cost and what is left, or what the first batch may not pass."""
    stage = capped()
    low, high = operations.request(stage.backend, {"dry_run": True})["cost"]
    middle = (low + high) / 2

    stage.request("small", budget=0.0004)
    stage.request("middle", budget=middle, canary=60)
    stage.play()

    told = {run_id: detail for run_id, _, detail in refused(stage)}
    cost = f"{dollars(low)} to {dollars(high)}"
    assert f"it would cost {cost}, and $0.00040 is left" == told["small"]
    assert f"its first batch may cost more than the {dollars(middle)} left" == told["middle"]


def test_a_run_stops_before_the_batch_that_would_break_its_cap(capped: Capped) -> None:
    """It completes as partial, and never spends more than it may."""
    stage = capped()

    books = stage.run(budget_tokens=30_000, canary=10, rows_per_batch=10, concurrency=4)

    assert (True, True) == (books["ok"], books["completed"])
    assert 0 < books["analysed"] < 60
    assert 60 == books["analysed"] + books["released"]
    spent = stage.one(
        "SELECT sum(prompt_tokens + output_tokens + thoughts_tokens) FROM attempt_closings"
    )
    assert 0 < spent <= 30_000
    assert 1 == stage.one("SELECT count(*) FROM events WHERE topic = 'run-stopped'")
    assert {"budget_exhausted"} == {
        name for (name,) in stage.sql("SELECT DISTINCT error_type FROM error_tracking")
    }


def test_a_cap_holds_for_a_run_that_outlives_the_look_back(capped: Capped) -> None:
    """What was spent weeks ago is spent, and the run is still told with its budget."""
    stage = capped()
    stage.request(budget_tokens=30_000, canary=10, rows_per_batch=10, concurrency=1)
    for _ in range(500):
        if stage.jobs() == 2:
            break
        if stage.backend.deliver_next() is None and not stage.backend.service.step():
            stage.tick(minutes=1)
    stage.clock.pass_((stage.backend.dependencies.policy.look_back_days + 6) * 24 * 3600)

    told = operations.status(stage.backend, "r1")
    stage.play()

    spent = "SELECT sum(prompt_tokens + output_tokens + thoughts_tokens) FROM attempt_closings"
    assert 0 < told["course"]["budget"]["tokens"] < stage.one(spent) <= 30_000
    assert "budget_exhausted" in {
        name for (name,) in stage.sql("SELECT error_type FROM error_tracking")
    }


def test_the_cap_of_a_day_holds_for_all_runs_together(capped: Capped) -> None:
    """The second run of the day is refused, and the same request fits the next day."""
    stage = capped(tokens_a_day=20_000)
    first = stage.run("first", mode="test", limit=20, canary=5, rows_per_batch=5)
    assert 20 == first["analysed"]

    stage.request("second", canary=5, rows_per_batch=5)
    stage.play()
    assert [("second", "over_budget")] == [row[:2] for row in refused(stage)]

    stage.clock.pass_(24 * 3600)
    books = stage.run("third", mode="test", limit=20, canary=5, rows_per_batch=5)
    assert 20 == books["analysed"]


@pytest.mark.parametrize("over", [0, 1, 2])
def test_a_capped_run_whose_last_batches_are_closed_is_not_stopped(
    capped: Capped, over: int
) -> None:
    """Between the closing of a batch and its being over, nothing is on its way."""
    stage = capped()
    stage.request(
        budget_tokens=10_000_000, canary=10, rows_per_batch=10, limit=30, mode="test", concurrency=2
    )
    stage.play()
    stage.sql(
        "DELETE FROM events WHERE topic IN ('batch-completed', 'run-completed') AND "
        "COALESCE(batch, 99) > ?",
        over,
    )
    dependencies = stage.backend.dependencies
    newcomer = Tracking(stage.backend.warehouse, stage.backend.deployment, ())
    today = stage.clock().date()

    told = list(
        advance(
            "r1",
            today.isoformat(),
            newcomer,
            dependencies.analyses,
            dependencies.policy,
            today,
            lambda: today,
        )
    )

    assert not any(isinstance(event, RunStopped) for event in told)


def test_what_is_on_its_way_counts_as_spent(capped: Capped) -> None:
    """A run that is answered by nobody yet keeps another from beginning."""
    stage = capped(budget_a_day=0.02)
    stage.request("first", mode="test", limit=20, canary=20, rows_per_batch=20)
    while "jsonl-uploaded" not in stage.topics("first"):
        stage.backend.deliver_next()

    stage.request("second", mode="test", limit=20, canary=20, rows_per_batch=20)
    for _ in range(20):
        stage.backend.deliver_next()

    assert [("second", "over_budget")] == [row[:2] for row in refused(stage)]
