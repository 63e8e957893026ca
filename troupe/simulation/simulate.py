"""One seed, from the first request to balanced books."""

from collections import Counter
from collections.abc import Iterator

import msgspec

from . import final_invariants
from .backend import World, quiet
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
    world = _world(chance)
    problems = list(_played(world))
    digest, fingerprint = final_invariants.digest(world), final_invariants.fingerprint(world)
    counts = _counts(world)
    if script.is_exact and not problems and chance.fired:
        calm = _world(Chance(seed, frozenset()))
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


def _world(chance: Chance) -> World:
    return World(chance, script_of(chance), _warehouses.next())


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


def _played(world: World) -> Iterator[str]:
    with quiet(world.problems):
        try:
            yield from _run(world)
        except Restless as restless:
            yield f"restless: {restless}"
        finally:
            world.restart()
    yield from dict.fromkeys(final_invariants.final_problems(world))


def _run(world: World) -> Iterator[str]:
    """Bad weather, then good weather and operators, then one more run for what is left."""
    player = Player(world)
    player.play()
    yield from final_invariants.waiting_problems(world)
    world.borders.is_calm = world.bus.moods.is_calm = True
    yield from _tended(world, player)
    if final_invariants.left_over(world):
        player.ask_for_the_rest()
        player.play()
        yield from _tended(world, player)


def _tended(world: World, player: Player) -> Iterator[str]:
    """Operators replay what was dead-lettered and what is stuck, until nothing is."""
    for _ in range(ROUNDS):
        if not world.replay_all():
            break
        player.resume()
        player.play()
        yield from final_invariants.waiting_problems(world)
    world.discard_orphans()


def _counts(world: World) -> dict[str, int]:
    ((events, rows, failed),) = world.warehouse.see(
        "SELECT (SELECT count(DISTINCT event_id) FROM events), "
        "(SELECT count(*) FROM transcription_analyzed_transcripts), "
        "(SELECT count(*) FROM error_tracking)"
    )
    faults = Counter(fault.kind for fault in world.chance.fired)
    return {
        "records": len(world.script.rows),
        "deliveries": world.deliveries,
        "jobs": len(world.service.entries),
        "asked": world.sentinel.records_asked,
        "rows": rows,
        "errors": failed,
        "events": events,
        "crashes": world.crashes,
        "interleaved": world.interleaved,
        "dead letters": len(world.letters.kept),
        "faults": len(world.chance.fired),
        **{f"fault {kind}": n for kind, n in sorted(faults.items())},
    }
