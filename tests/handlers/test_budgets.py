"""Hard caps per run and per day, in money and in tokens: refused with the estimate, or partial."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from events import RunStopped
from handlers.advance_run import advance
from handlers.runs.estimate import dollars
from tests.harness import LocalHarness, calls
from tracking import Tracking
from troupe import operations
from troupe.backends.local.backend import LOCAL_POLICY, LocalSettings
from troupe.operations.run_requests import Preview

Capped = Callable[..., LocalHarness]


@pytest.fixture
def capped(tmp_path: Path) -> Iterator[Capped]:
    harnesses: list[LocalHarness] = []

    def make(**caps: Any) -> LocalHarness:
        policy = replace(LOCAL_POLICY, **caps)
        harnesses.append(LocalHarness(tmp_path / "home", LocalSettings(policy=policy)))
        harnesses[-1].load(calls(60))
        return harnesses[-1]

    yield make
    for harness in harnesses:
        harness.close()


def refused(harness: LocalHarness) -> list[tuple[str, ...]]:
    return harness.sql("SELECT run_id, cause, detail FROM error_tracking WHERE scope = 'system'")


def test_a_run_that_needs_more_tokens_than_it_may_is_refused_with_the_estimate(
    capped: Capped,
) -> None:
    """The refusal says what it would take, and what is left."""
    harness = capped()

    harness.request(budget_tokens=2_000)
    harness.play()

    ((run_id, cause, detail),) = refused(harness)
    assert ("r1", "over_budget") == (run_id, cause)
    assert "tokens, and 2,000 are left" in detail
    assert 0 == harness.jobs()


def test_a_run_whose_first_batch_may_not_fit_is_refused(capped: Capped) -> None:
    """By the high end: nothing is begun that may break the cap."""
    harness = capped()
    harness.request("dry", dry_run=True)
    harness.play()
    ((records,),) = harness.sql("SELECT would_records FROM run_plans")

    harness.request(budget_tokens=40_000, canary=records)
    harness.play()

    assert "its first batch may take more" in refused(harness)[0][2]


def test_a_refusal_tells_small_money_in_digits_that_say_something(capped: Capped) -> None:
    """What it would cost and what is left, or what the first batch may not pass."""
    harness = capped()
    preview = operations.request(harness.backend, {"dry_run": True})
    assert isinstance(preview, Preview)
    low, high = preview.cost
    assert low is not None
    assert high is not None
    middle = (low + high) / 2

    harness.request("small", budget=0.0004)
    harness.request("middle", budget=middle, canary=60)
    harness.play()

    details = {run_id: detail for run_id, _, detail in refused(harness)}
    cost = f"{dollars(low)} to {dollars(high)}"
    assert f"it would cost {cost}, and $0.00040 is left" == details["small"]
    assert f"its first batch may cost more than the {dollars(middle)} left" == details["middle"]


def test_a_run_stops_before_the_batch_that_would_break_its_cap(capped: Capped) -> None:
    """It completes as partial, and never spends more than it may."""
    harness = capped()

    books = harness.run(budget_tokens=30_000, canary=10, rows_per_batch=10, concurrency=4)

    assert (True, True) == (books["ok"], books["completed"])
    assert 0 < books["analysed"] < 60
    assert 60 == books["analysed"] + books["released"]
    spent = harness.one(
        "SELECT sum(prompt_tokens + output_tokens + thoughts_tokens) FROM attempt_closings"
    )
    assert 0 < spent <= 30_000
    assert 1 == harness.one("SELECT count(*) FROM events WHERE topic = 'run-stopped'")
    assert {"budget_exhausted"} == {
        name for (name,) in harness.sql("SELECT DISTINCT error_type FROM error_tracking")
    }


def test_a_cap_holds_for_a_run_that_outlives_the_look_back(capped: Capped) -> None:
    """What was spent weeks ago is spent, and the run is still listed with its budget."""
    harness = capped()
    harness.request(budget_tokens=30_000, canary=10, rows_per_batch=10, concurrency=1)
    for _ in range(500):
        if harness.jobs() == 2:
            break
        if harness.backend.deliver_next() is None and not harness.backend.service.step():
            harness.tick(minutes=1)
    harness.clock.pass_((harness.backend.dependencies.policy.look_back_days + 6) * 24 * 3600)

    details = operations.status(harness.backend, "r1").details
    harness.play(report_of="r1")

    spent = "SELECT sum(prompt_tokens + output_tokens + thoughts_tokens) FROM attempt_closings"
    assert details
    assert details.safeguards
    assert details.safeguards.budget
    assert 0 < details.safeguards.budget.tokens < harness.one(spent) <= 30_000
    assert "budget_exhausted" in {
        name for (name,) in harness.sql("SELECT error_type FROM error_tracking")
    }


def test_the_cap_of_a_day_holds_for_all_runs_together(capped: Capped) -> None:
    """The second run of the day is refused, and the same request fits the next day."""
    harness = capped(tokens_a_day=16_000)
    first = harness.totals("first", mode="test", limit=20, canary=5, rows_per_batch=5)
    assert 20 == first["analysed"]

    harness.request("second", canary=5, rows_per_batch=5)
    harness.play()
    assert [("second", "over_budget")] == [row[:2] for row in refused(harness)]

    harness.clock.pass_(24 * 3600)
    books = harness.totals("third", mode="test", limit=20, canary=5, rows_per_batch=5)
    assert 20 == books["analysed"]


def run_of_three_batches(harness: LocalHarness) -> None:
    harness.load(calls(30))
    harness.complete(
        budget_tokens=10_000_000, canary=10, rows_per_batch=10, limit=30, mode="test", concurrency=2
    )


@pytest.mark.parametrize("over", [0, 1, 2])
def test_a_capped_run_whose_last_batches_are_closed_is_not_stopped(
    capped: Capped, over: int
) -> None:
    """Between the closing of a batch and its being over, nothing is on its way."""
    harness = capped()
    harness.begin_after(run_of_three_batches)
    harness.sql(
        "DELETE FROM events WHERE topic IN ('batch-completed', 'run-completed') AND "
        "COALESCE(batch, 99) > ?",
        over,
    )
    dependencies = harness.backend.dependencies
    newcomer = Tracking(harness.backend.warehouse, harness.backend.deployment, ())
    today, policy = harness.clock().date(), dependencies.policy
    day = today.isoformat()

    progress = newcomer.progress("r1", day)
    events = list(advance("r1", day, progress, newcomer, policy, today, lambda: today))

    assert not any(isinstance(event, RunStopped) for event in events)


def test_what_is_on_its_way_counts_as_spent(capped: Capped) -> None:
    """A run whose answers are outstanding keeps another from beginning."""
    harness = capped(budget_a_day=0.02)
    harness.request("first", mode="test", limit=20, canary=20, rows_per_batch=20)
    harness.play_until("jsonl-uploaded", "first")

    harness.request("second", mode="test", limit=20, canary=20, rows_per_batch=20)
    for _ in range(20):
        harness.backend.deliver_next()

    assert [("second", "over_budget")] == [row[:2] for row in refused(harness)]


def test_a_model_without_a_known_price_is_refused_under_a_cap_in_money(capped: Capped) -> None:
    """A cap in tokens needs no price."""
    harness = capped()
    harness.request("dollars", budget=1_000.0, model="gemini-unheard-of")
    harness.request("tokens", budget_tokens=1_000_000, model="gemini-unheard-of")
    for _ in range(2):
        harness.backend.deliver_next()

    assert [("dollars", "unknown_price")] == [row[:2] for row in refused(harness)]
    assert [("tokens",)] == harness.sql("SELECT run_id FROM run_plans")


def test_a_dry_run_is_not_refused_for_its_cost(capped: Capped) -> None:
    """It costs nothing, and shows what the run would cost."""
    harness = capped()

    harness.request(dry_run=True, budget=0.000001)
    harness.play()

    assert [] == refused(harness)
    assert 60 == harness.one("SELECT would_records FROM run_plans")
