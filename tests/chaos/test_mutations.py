"""The harness is checked too: faults put into the product on purpose do not stay unseen."""

import os

import pytest

from infra.chaos.hunting import hunt
from infra.chaos.mutations import MUTATIONS, Mutation

MOST = 60
EVERY = "TROUPE_CHAOS_SEEDS" in os.environ
"""In every test run the faults with a seed that shows them; `make chaos` hunts the others too."""
HUNTED = [m for m in MUTATIONS if not m.is_harmless and (EVERY or m.seed is not None)]
HARMLESS = [m for m in MUTATIONS if m.is_harmless and EVERY] or [
    next(m for m in MUTATIONS if m.is_harmless)
]


def named(mutation: Mutation) -> str:
    return mutation.name


@pytest.mark.parametrize("mutation", HUNTED, ids=named)
def test_a_fault_in_the_product_is_caught(mutation: Mutation) -> None:
    """Soonest on the seed that is known to show it, else within some seeds."""
    first = [] if mutation.seed is None else [mutation.seed]

    assert hunt(mutation, [*first, *range(MOST)]).problem


@pytest.mark.parametrize("mutation", HARMLESS, ids=named)
def test_what_only_saves_work_may_be_taken_away(mutation: Mutation) -> None:
    """Correctness does not depend on it."""
    assert "" == hunt(mutation, range(3)).problem
