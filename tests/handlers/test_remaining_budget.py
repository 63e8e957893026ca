"""What the caps of a run and of a day leave, and which batches that pays for."""

from datetime import date
from math import inf
from typing import Any, cast

import pytest

from analysis import load_analysis
from analysis.analysis_files import encode_analysis
from handlers.runs.budget import Caps, RemainingBudget, last_payable, over_budget, remaining_budget
from handlers.runs.estimate import Estimate, estimate
from tests.tracking.harness import DAY, MODEL
from tracking import Plan, Tracking

ANALYSIS = load_analysis("call_review_v1")
FILES = encode_analysis(ANALYSIS)
BYTES = 50_000
ON_ITS_WAY = estimate(10, BYTES, MODEL, ANALYSIS)
"""What the ten records of `waiting` may cost."""

Row = dict[str, Any]


class FakeTracking:
    """Holds the rows of the two queries that a budget reads."""

    def __init__(self, spending: list[Row], batch_sizes: list[Row]) -> None:
        self._rows = {"spending": spending, "batch_sizes": batch_sizes}

    def query(self, name: str, params: Row) -> list[Row]:
        return self._rows[name]


def tracking(spending: list[Row] | None = None, sizes: list[Row] | None = None) -> Tracking:
    return cast("Tracking", FakeTracking(spending or [], sizes or []))


def spent(run_id: str = "r1", **changed: Any) -> Row:
    """A row of `spending.sql`: nothing is spent, and nothing is on its way."""
    row = dict.fromkeys(
        ("cost", "tokens", "cost_today", "tokens_today", "waiting_records", "waiting_bytes",
         "waiting_batches", "last_begun"), 0,
    )  # fmt: skip
    return (
        row
        | {"run_id": run_id, "model": MODEL, "analysis": ANALYSIS.name, "analysis_files": FILES}
        | changed
    )


def waiting(run_id: str = "r1", **changed: Any) -> Row:
    """A row with ten records on their way, in the first batch."""
    on_its_way = {"waiting_records": 10, "waiting_bytes": BYTES}
    return spent(run_id, **on_its_way, waiting_batches=1, last_begun=1) | changed


def caps(**changed: float) -> Caps:
    none: Row = dict.fromkeys(("money", "tokens", "money_a_day", "tokens_a_day"))
    return Caps(**none | changed)


def left(*rows: Row, **of: float) -> RemainingBudget:
    """What these caps leave to run r1."""
    return remaining_budget("r1", caps(**of), date(2026, 3, 2), tracking(list(rows)))


def low_and_high(size: Estimate) -> tuple[tuple[float, float], tuple[int, int]]:
    """Dollars and tokens, each from low to high."""
    assert size.low is not None
    assert size.high is not None
    read, written = size.input_tokens, size.output_tokens
    return (size.low, size.high), (read[0] + written[0], read[1] + written[1])


def test_a_batch_is_paid_for_when_the_high_end_of_its_estimate_fits() -> None:
    """Between low and high it is not: it may cost more than is left. Money and tokens alike."""
    (low, high), (least, most) = low_and_high(ON_ITS_WAY)

    def pays(money: float, tokens: float) -> bool:
        budget = RemainingBudget(
            money=money, tokens=tokens, is_overspent=False, in_flight=0, last_begun=0
        )
        return budget.pays_for(ON_ITS_WAY)

    assert low < high
    assert least < most
    assert pays(high, inf)
    assert not pays((low + high) / 2, inf)
    assert pays(inf, most)
    assert not pays(inf, most - 1)


def test_what_is_spent_and_the_high_end_of_what_is_on_its_way_are_taken_off() -> None:
    """In money and in tokens."""
    (_, high), (_, most) = low_and_high(ON_ITS_WAY)

    budget = left(waiting(cost=3.0, tokens=500), money=10.0, tokens=100_000)

    assert pytest.approx(10.0 - 3.0 - high) == budget.money
    assert 100_000 - 500 - most == budget.tokens
    assert (1, 1, False) == (budget.in_flight, budget.last_begun, budget.is_overspent)


def test_a_cap_of_a_run_counts_that_run_and_the_cap_of_a_day_all_runs_of_today() -> None:
    """What was spent on an earlier day is no matter of today's."""
    mine = spent(cost=3.0, tokens=300, cost_today=1.0, tokens_today=100)
    other = spent("r2", cost=4.0, tokens=400, cost_today=2.0, tokens_today=200)

    assert pytest.approx(7.0) == left(mine, other, money=10.0).money
    assert pytest.approx(7.0) == left(mine, other, money_a_day=10.0).money
    assert 700 == left(mine, other, tokens=1_000).tokens
    assert 700 == left(mine, other, tokens_a_day=1_000).tokens


def test_the_tightest_cap_decides() -> None:
    """Whichever of the two it is."""
    row = spent(cost=1.0, tokens=10, cost_today=1.0, tokens_today=10)

    assert pytest.approx(1.0) == left(row, money=2.0, money_a_day=5.0).money
    assert pytest.approx(1.0) == left(row, money=5.0, money_a_day=2.0).money
    assert 10 == left(row, tokens=20, tokens_a_day=50).tokens
    assert 10 == left(row, tokens=50, tokens_a_day=20).tokens
    assert (inf, inf) == (left(row).money, left(row).tokens)


def test_a_cap_is_exceeded_by_what_is_spent_alone() -> None:
    """What is on its way may come cheaper."""
    assert left(waiting(cost=2.0), money=1.0).is_overspent
    assert left(spent(tokens=11), tokens=10).is_overspent
    assert not left(waiting(), money=0.000001).is_overspent
    assert not left(spent(tokens=10), tokens=10).is_overspent


def test_a_run_is_refused_when_its_low_end_or_the_high_end_of_its_first_batch_does_not_fit() -> (
    None
):
    """In money, then in tokens."""
    (low, high), (least, most) = low_and_high(ON_ITS_WAY)

    def why(first_share: float, **of: float) -> str | None:
        return over_budget(ON_ITS_WAY, first_share, left(**of), caps(**of))

    assert "it would cost" in (why(0.0, money=low * 0.9) or "")
    assert "its first batch may cost" in (why(1.0, money=(low + high) / 2) or "")
    assert why(low / high, money=low * 1.01) is None
    assert "it would take" in (why(0.0, tokens=least - 1) or "")
    assert "its first batch may take" in (why(1.0, tokens=(least + most) // 2) or "")
    assert why(0.0, tokens=least) is None


def payable(budget: RemainingBudget, bound: int = 5, batches: int = 5) -> int:
    """The last batch of a run of ten records a batch that this budget pays for."""
    sizes = [
        {"batch": batch, "records": 10, "bytes": BYTES}
        for batch in range(budget.last_begun + 1, batches + 1)
    ]
    plan = cast("Plan", FakePlan(batches))
    return last_payable(plan, budget, bound, tracking(sizes=sizes))


class FakePlan:
    """The fields of a plan that a budget reads."""

    run_id, day, model, analysis = "r1", DAY, MODEL, ANALYSIS.name
    analysis_files = FILES

    def __init__(self, batches: int) -> None:
        self.batches = batches


def budget_of(batches: float, **changed: Any) -> RemainingBudget:
    """A budget that pays for so many batches of ten records."""
    (_, high), _ = low_and_high(ON_ITS_WAY)
    fields = {"tokens": inf, "is_overspent": False, "in_flight": 0, "last_begun": 0}
    return RemainingBudget(**fields | {"money": high * batches} | changed)


def test_batches_begin_as_long_as_all_of_them_together_fit() -> None:
    """Each one is added to those before it."""
    assert 2 == payable(budget_of(2.5))
    assert 3 == payable(budget_of(4.5), bound=3)


def test_without_a_batch_in_flight_a_next_one_that_does_not_fit_ends_the_run() -> None:
    """With one in flight it is waited for: what it leaves may pay for the next."""
    assert 0 == payable(budget_of(0.5, last_begun=2))
    assert 2 == payable(budget_of(0.5, last_begun=2, in_flight=1))


def test_an_exceeded_cap_ends_the_run_with_batches_in_flight() -> None:
    """Nothing that is still to come makes it right."""
    assert 0 == payable(budget_of(2.5, last_begun=2, in_flight=1, is_overspent=True))


def test_a_run_whose_last_batch_is_closed_goes_on_to_its_end() -> None:
    """Nothing more is spent, whatever the cap says."""
    assert 5 == payable(budget_of(0, last_begun=5, is_overspent=True))
