"""Whole runs under everything that can go wrong: the tables come out right on every seed."""

import os

import pytest
from typer.testing import CliRunner

from troupe.cli.app import app
from troupe.simulation import run_simulations, simulate

SEEDS = int(os.environ.get("TROUPE_SIMULATION_SEEDS", "6"))
"""A few in every test run; `make simulate` plays many."""
SHARE = 3


@pytest.mark.parametrize("start", range(0, SEEDS, SHARE))
def test_nothing_is_lost_doubled_or_paid_twice_on_any_seed(start: int) -> None:
    """Every run ends, every book balances; a failing seed tells its schedule."""
    report = run_simulations(SHARE, start)

    assert [] == [line for failure in report.failures for line in failure.lines()]


def test_the_same_seed_gives_the_same_schedule_and_tables() -> None:
    """Chance is held in the hand: twice the same to the last timestamp."""
    one, two = simulate(3), simulate(3)

    assert one == two
    assert one.schedule


def test_without_its_faults_a_seed_is_an_undisturbed_run() -> None:
    """Nothing goes wrong that is not in the schedule."""
    calm = simulate(3, frozenset())

    assert calm.ok
    assert [] == calm.schedule
    assert calm.counts["deliveries"] < simulate(3).counts["deliveries"]


def test_the_command_prints_a_report() -> None:
    """And its exit status says whether anything failed."""
    done = CliRunner().invoke(app, ["simulate", "--seeds", "1", "--start", "12", "--json"])

    assert 0 == done.exit_code
    assert '"seeds":1' in done.output
