"""Money from real tables: parts, waste, savings, and nothing where nothing is known."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from handlers.summary.run_summary import ExitCount, RunSummary, summarise
from tests.harness import LocalHarness, calls, id_of
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
    harness.run()
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
    harness.run("r1")
    harness.run("r2")
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
    harness.run("r1", limit=2, mode="test")
    harness.run("r2", model="some-other-model")
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
    harness.run()
    ((kept, low, high, wasted, saved),) = harness.sql(
        "SELECT report, expected_low, expected_high, wasted, saved FROM run_reports"
    )
    report = json.loads(kept)

    assert [low, high] == report["expected_cost"]
    assert 0 < low < high
    assert wasted == report["totals"]["wasted"] > 0
    assert 0.0 == saved
    assert report["money"]["price"]["source"]
