"""The operation `cost_overview`: sums by version and week, and runs page by page."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from tests.harness import LocalHarness, calls
from troupe.operations.backend import InvalidOperation
from troupe.operations.cost_overview import WEEKS, CostOverview, cost_overview
from troupe.operations.costs import costs


def three_runs(harness: LocalHarness) -> None:
    """Three runs in two weeks; the last with a model without a price."""
    harness.load(calls(9))
    harness.complete("r1", mode="test", limit=4, labels={"team": "north"})
    harness.clock.pass_(7 * 86400)
    harness.complete("r2", mode="test", limit=3)
    harness.complete("r3", model="some-other-model")


@pytest.fixture(scope="module")
def spent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHarness]:
    """What no test changes."""
    harness = LocalHarness(tmp_path_factory.mktemp("spent") / "home")
    harness.begin_after(three_runs)
    yield harness
    harness.close()


def runs(found: CostOverview) -> list[str]:
    return [run.run_id for run in found.runs]


def test_sums_are_those_of_the_costs_of_each_run(spent: LocalHarness) -> None:
    found = cost_overview(spent.backend)
    by_version = costs(spent.backend).analyses

    assert {(each.model, each.runs, each.cost) for each in by_version} == {
        (each.model, each.runs, each.cost) for each in found.versions
    }
    assert all(each.simulated for each in found.versions)
    assert ["team"] == found.labels


def test_a_week_begins_on_monday_and_one_unknown_cost_makes_its_sum_unknown(
    spent: LocalHarness,
) -> None:
    found = cost_overview(spent.backend)

    assert WEEKS == len(found.weeks)
    assert [(date(2026, 3, 2), 1), (date(2026, 3, 9), 2)] == [
        (each.begins, each.runs) for each in found.weeks if each.runs
    ]
    first, last = found.weeks[-2:]
    assert first.cost is not None
    assert first.cost > 0
    assert last.cost is None
    assert {0.0} == {each.cost for each in found.weeks[:-2]}


def test_pages_hold_every_run_once_the_newest_first(spent: LocalHarness) -> None:
    first = cost_overview(spent.backend, most=2)
    second = cost_overview(spent.backend, after=first.after, most=2)

    assert (["r3", "r2"], "r2") == (runs(first), first.after)
    assert (["r1"], None) == (runs(second), second.after)
    assert first.versions == second.versions
    assert None is cost_overview(spent.backend, most=3).after


def test_an_analysis_without_runs_has_no_cost(spent: LocalHarness) -> None:
    found = cost_overview(spent.backend, analysis="nothing_v1")

    assert ([], [], [], None) == (found.versions, found.weeks, found.runs, found.after)


@pytest.mark.parametrize("arguments", [{"most": 0}, {"most": 201}, {"after": "r9"}])
def test_a_page_that_does_not_exist_is_refused(
    spent: LocalHarness, arguments: dict[str, Any]
) -> None:
    with pytest.raises(InvalidOperation):
        cost_overview(spent.backend, **arguments)
