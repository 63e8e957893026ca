"""One seed, from the first request to balanced books."""

from collections import Counter
from collections.abc import Iterator

import msgspec

from . import final_invariants
from .backend import SimulatedBackend, quiet
from .memory_cloud import HeldClock
from .rng import Chance, Fault
from .scenario import START, script_of
from .scheduler import Player, Restless
from .warehouse import MemoryWarehouse

SEEDS_A_WAREHOUSE = 40
ROUNDS = 5
"""How often operators look after what is waiting for them."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one seed."""

    seed: int
    problems: list[str]
    """Empty when everything is as it must be."""
    schedule: list[Fault]
    """What went wrong, in order."""
    counts: dict[str, int]
    fingerprint: str
    """Of all tables: the same seed gives the same."""

    @property
    def ok(self) -> bool:
        return not self.problems


def simulate(seed: int, only: frozenset[str] | None = None) -> Outcome:
    """Play this seed, with all of its faults or `only` with those named."""
    chance = Chance(seed, only)
    script = script_of(chance)
    backend = _backend(chance)
    problems = list(_played(backend))
    digest, fingerprint = final_invariants.digest(backend), final_invariants.fingerprint(backend)
    counts = _counts(backend)
    if script.is_exact and not problems and chance.fired:
        calm = _backend(Chance(seed, frozenset()))
        list(_played(calm))
        if final_invariants.digest(calm) != digest:
            problems.append("tables: not those of an undisturbed run")
    return Outcome(
        seed=seed,
        problems=problems,
        schedule=chance.fired,
        counts=counts,
        fingerprint=fingerprint,
    )


def _backend(chance: Chance) -> SimulatedBackend:
    return SimulatedBackend(chance, script_of(chance), _warehouses.next())


class _Warehouses:
    """One serves many simulations: making one takes as long as a third of a simulation."""

    def __init__(self) -> None:
        self._made: MemoryWarehouse | None = None
        self._served = 0

    def next(self) -> MemoryWarehouse:
        self._served += 1
        if self._made is None or self._served % SEEDS_A_WAREHOUSE == 0:
            if self._made is not None:
                self._made.close()
            self._made = MemoryWarehouse(HeldClock(START))
        return self._made


_warehouses = _Warehouses()


def _played(backend: SimulatedBackend) -> Iterator[str]:
    with quiet(backend.problems):
        try:
            yield from _run(backend)
        except Restless as restless:
            yield f"restless: {restless}"
        finally:
            backend.restart()
    yield from dict.fromkeys(final_invariants.final_problems(backend))


def _run(backend: SimulatedBackend) -> Iterator[str]:
    """Bad weather, then good weather and operators, then one more run for what is left."""
    player = Player(backend)
    player.play()
    yield from final_invariants.waiting_problems(backend)
    backend.borders.is_calm = backend.bus.moods.is_calm = True
    yield from _tended(backend, player)
    if final_invariants.left_over(backend):
        player.ask_for_the_rest()
        player.play()
        yield from _tended(backend, player)


def _tended(backend: SimulatedBackend, player: Player) -> Iterator[str]:
    """Operators replay what was dead-lettered and what is stuck, until nothing is."""
    for _ in range(ROUNDS):
        if not backend.replay_all():
            break
        player.resume()
        player.play()
        yield from final_invariants.waiting_problems(backend)
    backend.discard_orphans()


def _counts(backend: SimulatedBackend) -> dict[str, int]:
    ((events, rows, failed),) = backend.warehouse.see(
        "SELECT (SELECT count(DISTINCT event_id) FROM events), "
        "(SELECT count(*) FROM transcription_analyzed_transcripts), "
        "(SELECT count(*) FROM error_tracking)"
    )
    faults = Counter(fault.kind for fault in backend.chance.fired)
    return {
        "records": len(backend.script.rows),
        "deliveries": backend.deliveries,
        "jobs": len(backend.service.entries),
        "asked": backend.sentinel.records_asked,
        "rows": rows,
        "errors": failed,
        "events": events,
        "crashes": backend.crashes,
        "interleaved": backend.interleaved,
        "dead letters": len(backend.letters.kept),
        "faults": len(backend.chance.fired),
        **{f"fault {kind}": n for kind, n in sorted(faults.items())},
    }
