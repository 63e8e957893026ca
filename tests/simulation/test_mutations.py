"""The simulation detects planted faults, and no harmless mutation makes it fail."""

import os

import pytest

from tests.simulation.mutation_test import run_mutation
from tests.simulation.planted_faults import MUTATIONS, Mutation

pytestmark = pytest.mark.slow

MAX_SEEDS = 60
HARMFUL = [m for m in MUTATIONS if not m.is_harmless]
HARMLESS = [m for m in MUTATIONS if m.is_harmless]
EVERY = "TROUPE_SIMULATION_SEEDS" in os.environ
"""Every test run tries one harmless mutation; with TROUPE_SIMULATION_SEEDS set, all of them."""


def name_of(mutation: Mutation) -> str:
    return mutation.name


@pytest.mark.parametrize("mutation", HARMFUL, ids=name_of)
def test_a_planted_fault_is_detected(mutation: Mutation) -> None:
    """On the seed that is recorded for it, or else within 60 seeds."""
    assert run_mutation(mutation, [mutation.seed or 0, *range(MAX_SEEDS)]).problem


@pytest.mark.parametrize("mutation", HARMLESS if EVERY else HARMLESS[:1], ids=name_of)
def test_a_harmless_mutation_fails_no_seed(mutation: Mutation) -> None:
    """It takes away what only saves work."""
    assert "" == run_mutation(mutation, range(3)).problem
