"""Money from real tables: parts, waste, savings, and nothing where nothing is known."""

import json
from collections.abc import Callable
from typing import Any, cast

import pytest

from analysis import load_analysis
from analysis.prices import price_of
from handlers.runs.estimate import estimate
from handlers.summary.costs import RunTotals, Saving, parts_of, saved_of
from handlers.summary.run_summary import ExitCount, RunSummary, summarise
from tests.harness import LocalHarness, calls, id_of
from tracking import Plan
from troupe.standin.corrupt import Corruption, Kind

MakeHarness = Callable[..., LocalHarness]


def summary_of(harness: LocalHarness, run_id: str = "r1") -> RunSummary:
    plan = harness.backend.dependencies.tracking.plan_of(run_id)
    assert plan is not None
    return summarise(harness.backend.dependencies.tracking, plan)


def damaged(make_harness: MakeHarness, rows: list[dict[str, Any]]) -> LocalHarness:
    """One answer is cut in every attempt."""
    poison = frozenset({f"k-{id_of(rows[0])}"})
    harness = make_harness(corruption=Corruption(share=0, poison=poison, poison_kind=Kind.CUT))
    harness.load(rows)
    return harness


def test_the_parts_add_up_to_the_cost_of_the_tables(make_harness: MakeHarness) -> None:
    """Of rows, attempts and run alike; waste and further attempts are inside."""
    rows = calls(20)
    harness = damaged(make_harness, rows)
    harness.analyse()
    found = summary_of(harness)
    totals, parts = found.totals, found.money.parts
    stored = harness.one("SELECT sum(cost) FROM transcription_analyzed_transcripts")

    assert totals.cost is not None
    assert totals.wasted is not None
    assert totals.repeated_cost is not None
    assert found.money.online is not None
    assert pytest.approx(totals.cost) == sum(part.cost or 0 for part in parts)
    assert pytest.approx(totals.cost) == stored + totals.wasted
    assert 0 < totals.repeated_cost <= totals.wasted
    assert totals.cost < found.money.online
    assert [
        ExitCount(ending="failed", error_type="attempts_exhausted", cause="truncated", records=1)
    ] == found.exits


def test_what_was_analysed_before_is_saved_at_the_mean_of_a_row(harness: LocalHarness) -> None:
    """Of this run, and where nothing was stored of the analysis so far."""
    harness.load(calls(20))
    harness.analyse("r1")
    harness.analyse("r2")
    first, second = summary_of(harness, "r1"), summary_of(harness, "r2")
    assert first.totals.cost is not None
    each = first.totals.cost / 20

    assert (0, 0.0) == (first.money.saved.records, first.money.saved.cost)
    saved = second.money.saved
    assert (20, "analysis") == (saved.records, saved.by)
    assert pytest.approx(20 * each) == saved.cost
    assert (1, 20) == (second.money.analysis.runs, second.money.analysis.analysed)


def test_an_unknown_price_stays_unknown_in_every_sum(harness: LocalHarness) -> None:
    """Also in those over several runs."""
    harness.load(calls(5))
    harness.analyse("r1", limit=2, mode="test")
    harness.analyse("r2", model="some-other-model")
    money = summary_of(harness, "r2").money

    assert {None} == {part.cost for part in money.parts}
    assert (None, None, None) == (money.price, money.online, money.analysis.cost)
    assert {2: False, 3: True} == {
        run["analysed"]: run["cost"] is None
        for run in harness.backend.dependencies.tracking.query("costs", {"analysis": None})
    }


def test_the_report_of_a_run_is_kept_as_a_row(make_harness: MakeHarness) -> None:
    """With the amounts that people ask for, and the whole summary in JSON."""
    harness = damaged(make_harness, calls(20))
    harness.complete()
    ((kept, low, high, wasted, saved),) = harness.sql(
        "SELECT report, expected_low, expected_high, wasted, saved FROM run_reports"
    )
    report = json.loads(kept)

    assert [low, high] == report["expected_cost"]
    assert 0 < low < high
    assert wasted == report["totals"]["wasted"] > 0
    assert 0.0 == saved
    assert report["money"]["price"]["source"]


def test_thoughts_cost_what_output_costs_and_cached_tokens_have_their_own_price() -> None:
    """Each token is in one part, and cached tokens are no input."""
    model = load_analysis("call_review_v1").model
    price = price_of(model)
    assert price is not None
    totals = RunTotals(
        attempts=1, answered_by=None, repeated_attempts=0, asked=1, lines=1, prompt_tokens=1_000, cached_tokens=400,
        thoughts_tokens=30, output_tokens=70, cost=None, wasted=None, repeated_cost=None,
        reading_seconds=0, peak_megabytes=None, recovery_seconds=None,
    )  # fmt: skip

    parts = parts_of(model, totals, estimate(1, 5_000, model, load_analysis("call_review_v1")))

    assert [
        ("input", 600, price.input), ("cached", 400, price.cached),
        ("output", 70, price.output), ("thoughts", 30, price.output),
    ] == [(each.part, each.tokens, each.price) for each in parts]  # fmt: skip
    assert price.input < price.output
    assert [pytest.approx(each.tokens * (each.price or 0) / 1e6) for each in parts] == [
        each.cost for each in parts
    ]


def test_a_saving_is_valued_at_the_mean_of_its_own_run_where_that_is_known() -> None:
    """Else at the mean of all runs of the analysis; without either it is unknown, and none is 0."""

    class FakePlan:
        copies, processed, changed = 1, 2, 3

    class EmptyPlan:
        copies = processed = changed = 0

    plan, empty = cast("Plan", FakePlan()), cast("Plan", EmptyPlan())

    assert (6, 0.02, "run", 0.12) == values(saved_of(plan, 0.02, 0.05))
    assert (6, 0.05, "analysis", 0.30) == values(saved_of(plan, None, 0.05))
    assert (6, None, None, None) == values(saved_of(plan, None, None))
    assert (0, 0.02, "run", 0.0) == values(saved_of(empty, 0.02, None))


def values(saving: Saving) -> tuple[Any, ...]:
    cost = saving.cost if saving.cost is None else round(saving.cost, 9)
    return saving.records, saving.each, saving.by, cost
