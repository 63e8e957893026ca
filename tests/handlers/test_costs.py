"""Money from real tables: parts, waste, savings, and nothing where nothing is known."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from handlers.summary.run_summary import summarise
from tests.harness import Stage, calls, id_of
from troupe.standin.corrupt import Damage, Kind

Staged = Callable[..., Stage]


def told(stage: Stage, run_id: str = "r1") -> dict[str, Any]:
    plan = stage.backend.dependencies.tracking.plan_of(run_id)
    assert plan is not None
    return summarise(stage.backend.dependencies.tracking, plan, stage.backend.dependencies.analyses)


def damaged(staged: Staged, rows: list[dict[str, Any]]) -> Stage:
    """One answer is cut in every attempt."""
    poison = frozenset({f"k-{id_of(rows[0])}"})
    stage = staged(damage=Damage(share=0, poison=poison, poison_kind=Kind.CUT))
    stage.load(rows)
    return stage


def test_the_parts_add_up_to_the_cost_of_the_tables(staged: Staged) -> None:
    """Of rows, attempts and run alike; waste and further attempts are inside."""
    rows = calls(20)
    stage = damaged(staged, rows)
    stage.run()
    found = told(stage)
    totals, parts = found["totals"], found["money"]["parts"]
    stored = stage.one("SELECT sum(cost) FROM transcription_analyzed_transcripts")

    assert pytest.approx(totals["cost"]) == sum(part["cost"] for part in parts)
    assert pytest.approx(totals["cost"]) == stored + totals["wasted"]
    assert 0 < totals["repeated_cost"] <= totals["wasted"]
    assert totals["cost"] < found["money"]["online"]
    assert [{"ending": "failed", "error_type": "attempts_exhausted", "cause": "truncated",
             "records": 1}] == found["exits"]  # fmt: skip


def test_what_was_analysed_before_is_saved_at_the_mean_of_a_row(stage: Stage) -> None:
    """Of this run, and where nothing was stored of the analysis so far."""
    stage.load(calls(20))
    stage.run("r1")
    stage.run("r2")
    first, second = told(stage, "r1"), told(stage, "r2")
    each = first["totals"]["cost"] / 20

    assert (0, 0.0) == (first["money"]["saved"]["records"], first["money"]["saved"]["cost"])
    saved = second["money"]["saved"]
    assert (20, "analysis") == (saved["records"], saved["by"])
    assert pytest.approx(20 * each) == saved["cost"]
    assert (1, 20) == tuple(second["money"]["analysis"][name] for name in ("runs", "analysed"))


def test_an_unknown_price_stays_unknown_in_every_sum(stage: Stage) -> None:
    """Also in those over several runs."""
    stage.load(calls(5))
    stage.run("r1", limit=2, mode="test")
    stage.run("r2", model="some-other-model")
    money = told(stage, "r2")["money"]

    assert {None} == {part["cost"] for part in money["parts"]}
    assert (None, None, None) == (money["price"], money["online"], money["analysis"]["cost"])
    assert {2: False, 3: True} == {
        run["analysed"]: run["cost"] is None
        for run in stage.backend.dependencies.tracking.query("costs", {"analysis": None})
    }


def test_the_report_of_a_run_is_kept_as_a_row(staged: Staged) -> None:
    """With the amounts that people ask for, and the whole summary in JSON."""
    stage = damaged(staged, calls(20))
    stage.run()
    ((kept, low, high, wasted, saved),) = stage.sql(
        "SELECT report, expected_low, expected_high, wasted, saved FROM run_reports"
    )
    report = json.loads(kept)

    assert [low, high] == report["expected_cost"]
    assert 0 < low < high
    assert wasted == report["totals"]["wasted"] > 0
    assert 0.0 == saved
    assert report["money"]["price"]["source"]
