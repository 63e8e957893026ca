"""The harness is checked too: faults put into the product on purpose do not stay unseen."""

import os

import pytest

from tests.simulation.mutation_test import hunt
from tests.simulation.mutations import MUTATIONS, Mutation

MOST = 60
HUNTED = [m for m in MUTATIONS if not m.is_harmless]
HARMLESS = [m for m in MUTATIONS if m.is_harmless]
EVERY = "TROUPE_SIMULATION_SEEDS" in os.environ
"""One of the harmless in every test run, all of them in `make simulate`."""


def named(mutation: Mutation) -> str:
    return mutation.name


@pytest.mark.parametrize("mutation", HUNTED, ids=named)
def test_a_fault_in_the_product_is_caught(mutation: Mutation) -> None:
    """Soonest on the seed that is known to show it, else within some seeds."""
    assert hunt(mutation, [mutation.seed or 0, *range(MOST)]).problem


@pytest.mark.parametrize("mutation", HARMLESS if EVERY else HARMLESS[:1], ids=named)
def test_what_only_saves_work_may_be_taken_away(mutation: Mutation) -> None:
    """Correctness does not depend on it."""
    assert "" == hunt(mutation, range(3)).problem
