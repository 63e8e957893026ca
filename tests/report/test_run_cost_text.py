"""Why the actual cost is not the expected one, in words."""

from typing import Any

from handlers.summary.run_summary import RunSummary
from tests.report import samples
from troupe.report.text import run_cost as run_cost_text


def summary(**totals: Any) -> RunSummary:
    return samples.summary(totals=totals)


def test_a_cost_above_the_range_says_by_how_much_and_why() -> None:
    """Further attempts and useless answers are no part of an estimate."""
    found = summary(cost=2.0, repeated_attempts=3, repeated_cost=0.7, wasted=0.6)

    assert [
        "It cost $0.59 (41.4 %) more than expected at most.",
        "3 further attempts after failed answers cost $0.70; the estimate has none.",
        "Answers that gave no row cost $0.60.",
    ] == run_cost_text.differences(found)[:3]


def test_a_cost_below_the_range_says_so() -> None:
    """A run that was stopped half-way asked less."""
    found = samples.summary(totals={"cost": 0.1}, endings={"analysed": 300, "released": 1578})

    reasons = run_cost_text.differences(found)

    assert reasons[0].startswith("It cost $0.42")
    assert "less than expected at least." in reasons[0]
    assert "1,578 planned records released without a row." in reasons


def test_thoughts_are_told_because_no_estimate_knows_them() -> None:
    """They are billed as output."""
    found = samples.summary(money=samples.money(parts=[samples.part("thoughts", 1000, 1.25)]))

    assert "Thoughts cost $0.0013; the estimate has none." in run_cost_text.differences(found)


def test_rows_without_tokens_make_the_cost_a_lower_bound() -> None:
    """And rows that all keep silent make it unknown."""
    some = samples.summary(readings=[samples.reading("strict", "exact", 1878, 8)])
    all_of_them = samples.summary(readings=[samples.reading("strict", "exact", 1878, 1878)])

    assert "at least $0.61" == run_cost_text.money_text(some).actual
    assert "8 stored rows without a count of tokens: cost unknown." in run_cost_text.differences(
        some
    )
    assert "unknown" == run_cost_text.money_text(all_of_them).actual


def test_what_deduplication_saved_says_how_it_was_reckoned() -> None:
    """At the mean of this run; else of the analysis; else it is unknown."""
    saved = {"records": 100, "each": 0.00033, "by": "run", "cost": 0.033}
    found = samples.summary(money=samples.money(saved=saved))
    unknown = {"records": 100, "each": None, "by": None, "cost": None}
    other = samples.summary(money=samples.money(saved=saved | {"by": "analysis"}))
    silent = samples.summary(money=samples.money(saved=unknown))

    assert "$0.033" == run_cost_text.money_text(found).saved
    assert run_cost_text.saved_line(found).endswith("$0.00033 each, the mean of this run.")
    assert run_cost_text.saved_line(other).endswith("the mean of this analysis so far.")
    assert "unknown" == run_cost_text.money_text(silent).saved
    assert run_cost_text.saved_line(silent).endswith("the cost of one is not known.")


def test_runs_with_another_prompt_are_counted_in_the_cost_of_the_analysis() -> None:
    """Their cost is not comparable, although the analysis has the same name."""
    edited = samples.summary(money=samples.money(other_prompts=1))

    assert "call_review_v1 so far: 2 runs, 3,756 rows" in run_cost_text.analysis_line(
        samples.summary()
    )
    assert "call_review_v1 so far: 2 runs (1 with another prompt), 3,756 rows" in (
        run_cost_text.analysis_line(edited)
    )


def test_nothing_asked_is_nothing_paid() -> None:
    """Which is known."""
    found = summary(attempts=0)

    assert "none" == run_cost_text.money_text(found).actual
    assert ["No request was sent yet, so nothing was paid."] == run_cost_text.differences(found)
