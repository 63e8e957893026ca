"""What runs cost, by version of an analysis."""

import pytest

from tests.harness import LocalHarness
from tests.operations.test_cost_overview import three_runs
from troupe.operations.backend import InvalidOperation
from troupe.operations.costs import costs
from troupe.report.text.analysis_costs import costs_lines


def test_each_version_with_its_model_sums_its_own_runs(harness: LocalHarness) -> None:
    """One unknown price makes its own sum unknown, and no other."""
    harness.begin_after(three_runs)

    first, second = costs(harness.backend).analyses
    lines = costs_lines(costs(harness.backend))

    assert ["r1", "r2"] == [run.run_id for run in first.of_runs]
    assert pytest.approx(first.cost) == sum(run.cost or 0 for run in first.of_runs)
    assert first.cost is not None
    assert (2, 7) == (first.runs, first.analysed)
    assert pytest.approx(first.cost / 7) == first.each
    assert (1, 2, None) == (second.runs, second.analysed, second.cost)
    assert lines[0].startswith("Simulated: the built-in stand-in wrote these answers")
    assert lines[1].startswith(
        f"call_review_v1 (prompt {first.prompt_fingerprint}) with stand-in for"
        " gemini-3.5-flash-lite: 2 runs, 7 rows, would have cost $0."
    )
    assert first.prompt_fingerprint != second.prompt_fingerprint
    assert "some-other-model: 1 run, 2 rows, cost unknown, wasted unknown" in lines[5]


def test_an_analysis_without_runs_has_no_cost(harness: LocalHarness) -> None:
    """The analysis is known."""
    found = costs(harness.backend, "call_review_v1")

    assert [] == found.analyses
    assert ["No attempt was closed yet, so no cost is known."] == costs_lines(found)


def test_an_unknown_analysis_is_refused_with_a_list_of_the_known_ones(
    harness: LocalHarness,
) -> None:
    """It is a typo, and not an analysis without runs."""
    with pytest.raises(InvalidOperation, match="nothing_v1: use one of call_review_v1"):
        costs(harness.backend, "nothing_v1")
