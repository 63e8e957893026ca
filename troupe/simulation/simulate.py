"""Simulate one seed, from the first request to the check of the totals."""

from collections import Counter
from collections.abc import Iterator

import msgspec

from . import final_invariants
from .backend import SimulatedBackend, silenced_log
from .memory_cloud import HeldClock
from .rng import Fault, Rng
from .scenario import START, scenario_of
from .scheduler import NeverIdle, Scheduler
from .warehouse import MemoryWarehouse

SEEDS_PER_WAREHOUSE = 40
OPERATOR_ROUNDS = 5
"""How often operators replay what waits for them."""


class SimulationResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one seed resulted in."""

    seed: int
    problems: list[str]
    """Violated invariants; empty when all hold."""
    schedule: list[Fault]
    """The faults that happened, in order."""
    counts: dict[str, int]
    fingerprint: str
    """Of all tables: the same seed gives the same."""

    @property
    def ok(self) -> bool:
        return not self.problems


def simulate(seed: int, only: frozenset[str] | None = None) -> SimulationResult:
    """Simulate this seed with all of its faults, or with `only` the faults of these names.

    Where the scenario has one right result, the tables are also compared with those of a run of
    the same seed without faults.
    """
    rng = Rng(seed, only)
    backend = _backend(rng)
    problems = list(_run_and_check(backend))
    digest, fingerprint = final_invariants.digest(backend), final_invariants.fingerprint(backend)
    counts = _counts(backend)
    if backend.scenario.is_deterministic and not problems and rng.faults:
        undisturbed = _backend(Rng(seed, frozenset()))
        list(_run_and_check(undisturbed))
        if final_invariants.digest(undisturbed) != digest:
            problems.append("tables: not those of an undisturbed run")
    return SimulationResult(
        seed=seed,
        problems=problems,
        schedule=rng.faults,
        counts=counts,
        fingerprint=fingerprint,
    )


def _backend(rng: Rng) -> SimulatedBackend:
    return SimulatedBackend(rng, scenario_of(rng), _warehouses.next())


class _Warehouses:
    """Reuses one warehouse for many seeds: creating one takes a third of a simulation."""

    def __init__(self) -> None:
        self._current: MemoryWarehouse | None = None
        self._used = 0

    def next(self) -> MemoryWarehouse:
        self._used += 1
        if self._current is None or self._used % SEEDS_PER_WAREHOUSE == 0:
            if self._current is not None:
                self._current.close()
            self._current = MemoryWarehouse(HeldClock(START))
        return self._current


_warehouses = _Warehouses()


def _run_and_check(backend: SimulatedBackend) -> Iterator[str]:
    with silenced_log(backend.problems):
        try:
            yield from _run(backend)
        except NeverIdle as error:
            yield f"never idle: {error}"
        finally:
            backend.restart()
    yield from dict.fromkeys(final_invariants.final_problems(backend))


def _run(backend: SimulatedBackend) -> Iterator[str]:
    """Run with faults until idle, then without them: operators replay, and a last run follows."""
    scheduler = Scheduler(backend)
    scheduler.run()
    yield from final_invariants.idle_problems(backend)
    backend.call_faults.disabled = backend.bus.injected.disabled = True
    backend.installed.disabled = True
    yield from _replay_until_none_waits(backend, scheduler)
    if final_invariants.has_unprocessed_records(backend):
        scheduler.request_last_run()
        scheduler.run()
        yield from _replay_until_none_waits(backend, scheduler)


def _replay_until_none_waits(backend: SimulatedBackend, scheduler: Scheduler) -> Iterator[str]:
    """Operators replay dead letters, and discard those of unknown runs."""
    for _ in range(OPERATOR_ROUNDS):
        if not backend.act_on_letters():
            break
        scheduler.wake()
        scheduler.run()
        yield from final_invariants.idle_problems(backend)


def _counts(backend: SimulatedBackend) -> dict[str, int]:
    ((events, rows, failed, letters),) = backend.warehouse.rows(
        "SELECT (SELECT count(DISTINCT event_id) FROM events), "
        "(SELECT count(*) FROM transcription_analyzed_transcripts), "
        "(SELECT count(*) FROM error_tracking), "
        "(SELECT count(DISTINCT letter_id) FROM dead_letters)"
    )
    faults = Counter(fault.kind for fault in backend.rng.faults)
    return {
        "records": len(backend.scenario.rows),
        "deliveries": backend.deliveries,
        "jobs": len(backend.vertex.jobs),
        "sent": backend.live_invariants.records_sent,
        "rows": rows,
        "errors": failed,
        "events": events,
        "crashes": backend.crashes,
        "interleaved": backend.interleaved,
        "dead letters": letters,
        "faults": len(backend.rng.faults),
        **{f"fault {kind}": n for kind, n in sorted(faults.items())},
    }
