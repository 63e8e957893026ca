"""Whole runs with injected faults: the invariants hold on every seed."""

import os

import pytest
from typer.testing import CliRunner

from troupe.cli.app import app
from troupe.simulation import run_simulations, simulate
from troupe.simulation.simulate import SimulationResult

SEEDS = int(os.environ.get("TROUPE_SIMULATION_SEEDS", "1"))
"""One in every test run; set TROUPE_SIMULATION_SEEDS for more."""
SEEDS_PER_TEST = 3
SEED = 38
"""A seed with faults of many kinds; processes with other analyses handle some of its events."""


@pytest.mark.parametrize("start", range(0, SEEDS, SEEDS_PER_TEST))
def test_nothing_is_lost_doubled_or_paid_twice_on_any_seed(start: int) -> None:
    """Every run ends and all totals balance; a failing seed prints its schedule."""
    report = run_simulations(min(SEEDS_PER_TEST, SEEDS - start), start)

    assert [] == [line for failure in report.failures for line in failure.lines()]


@pytest.fixture(scope="module")
def played() -> SimulationResult:
    return simulate(SEED)


def test_the_same_seed_gives_the_same_schedule_and_tables(played: SimulationResult) -> None:
    """The results are equal to the last timestamp."""
    assert played == simulate(SEED)
    assert played.schedule


def test_a_seed_with_mixed_processes_has_the_results_of_one_without(
    played: SimulationResult,
) -> None:
    """The schedule names them, and all invariants hold."""
    assert played.ok
    assert played.counts["fault edited analysis"] > 0
    assert played.counts["fault removed analysis"] > 0


def test_without_its_faults_a_seed_is_an_undisturbed_run(played: SimulationResult) -> None:
    """No fault happens that is not in the schedule."""
    undisturbed = simulate(SEED, frozenset())

    assert undisturbed.ok
    assert [] == undisturbed.schedule
    assert undisturbed.counts["deliveries"] < played.counts["deliveries"]


def test_the_command_prints_a_report() -> None:
    """It ends with 0 when no seed failed."""
    done = CliRunner().invoke(app, ["simulate", "--seeds", "1", "--start", "4", "--json"])

    assert 0 == done.exit_code
    assert '"seeds":1' in done.output
