"""Whatever the bus does, the tables end the same."""

from contextlib import suppress
from typing import Any

import pytest

from handlers.dispatch.errors import Redeliver
from tests.harness import LocalHarness, calls, final_tables
from troupe.backends.local.backend import LOCAL_RETRY, LocalSettings
from troupe.backends.local.bus_faults import Crashed, Faults
from troupe.standin.corrupt import Corruption

REQUEST: dict[str, Any] = {"canary": 5, "rows_per_batch": 12, "concurrency": 3, "breaker": 100}


def rough(seed: int) -> Faults:
    """Doubled, shuffled, late, and publishes that fail before or after they are sent."""
    return Faults(
        seed=seed, duplicate=0.3, reorder=True, delay=0.2, lose_publish=0.1, lose_reply=0.1
    )


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The final tables of a run on a bus that behaves."""
    harness = LocalHarness(
        tmp_path_factory.mktemp("calm") / "home",
        LocalSettings(corruption=_damage(), deployment="rough"),
    )
    harness.load(calls(40))
    harness.complete(**REQUEST)
    tables = final_tables(harness)
    harness.close()
    return tables


SLOW = pytest.mark.slow


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=SLOW) for n in range(1, 12))])
def test_every_seed_ends_with_the_tables_of_an_undisturbed_run(
    seed: int, undisturbed: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Lost 0, doubled 0, paid twice 0, one completion."""
    settings = LocalSettings(corruption=_damage(), retry=LOCAL_RETRY, deployment="rough")
    harness = LocalHarness(tmp_path_factory.mktemp(f"seed{seed}") / "home", settings)
    harness.load(calls(40))
    harness.restart(faults=rough(seed))

    with suppress(Redeliver):
        harness.request(**REQUEST)
    if not harness.backend.bus.waiting:
        harness.restart(faults=rough(seed))  # the publish was lost; a restart tells it again
    harness.play()
    _replay_dead_letters(harness)

    books = harness.books("r1")
    assert books["completed"]
    assert books["ok"]
    assert undisturbed == final_tables(harness)
    assert 1 == harness.one(
        "SELECT count(DISTINCT event_id) FROM events WHERE topic = 'run-completed'"
    )
    assert 0 == harness.one(
        "SELECT count(*) FROM (SELECT event_id FROM events GROUP BY event_id "
        "HAVING count(DISTINCT data) > 1)"
    )
    harness.close()


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=SLOW) for n in range(1, 4))])
def test_a_process_that_dies_while_it_publishes_is_followed_by_another(
    seed: int, undisturbed: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """As often as it takes: the same tables."""
    settings = LocalSettings(corruption=_damage(), deployment="rough")
    harness = LocalHarness(tmp_path_factory.mktemp(f"crash{seed}") / "home", settings)
    harness.load(calls(40))
    harness.request(**REQUEST)
    deaths = 0
    for life in range(200):
        harness.restart(faults=Faults())
        harness.backend.bus.faults = Faults(seed=1_000 * seed + life, crash=0.04)
        try:
            harness.play()
        except Crashed:
            deaths += 1
            continue
        break

    assert deaths > 2
    assert harness.books("r1")["ok"]
    assert undisturbed == final_tables(harness)
    harness.close()


def _damage() -> Corruption:
    return Corruption(share=0.2, seed=1)


def _replay_dead_letters(harness: LocalHarness) -> None:
    """A restart on a calm day tells every unfinished event again, as an operator's replay would."""
    for _ in range(5):
        if harness.books("r1")["completed"]:
            return
        harness.backend.warehouse.db.execute(
            "DELETE FROM deliveries WHERE outcome = 'dead_lettered'"
        )
        harness.restart(faults=Faults())
        harness.play()
