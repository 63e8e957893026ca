"""Simulate many seeds, report what failed, and shrink each failing schedule."""

import ctypes
import multiprocessing
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

import msgspec

from .rng import Fault
from .simulate import SimulationResult, simulate

Print = Callable[[str], None]

_SUMMARISED = ("lost", "doubled", "paid twice", "stuck", "stuck unreported")
"""Kinds of problems that the last lines count, also when there is none."""

MAX_TRIALS = 60
"""Simulations that shrinking one schedule may take."""
SEEDS_PER_CHUNK = 8
_PR_SET_PDEATHSIG = 1
"""Of `prctl(2)`: the signal that a process gets when its parent ends."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A seed that failed, with the fewest faults that were found to make it fail."""

    seed: int
    problems: list[str]
    schedule: list[Fault]
    """Shrunk: without any one of these faults the seed passes, as far as trials went."""
    faults: int
    """How many there were before shrinking."""

    def lines(self) -> Iterator[str]:
        yield f"seed {self.seed}: {len(self.problems)} problems"
        yield from (f"  {problem}" for problem in self.problems)
        yield f"  schedule, {len(self.schedule)} of {self.faults} faults:"
        yield from (f"  {fault}" for fault in self.schedule)
        yield f"  reproduce: troupe simulate --start {self.seed} --seeds 1"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a range of seeds."""

    start: int
    seeds: int
    failures: list[Failure]
    counts: dict[str, int]
    """Sums over all seeds: records, deliveries, jobs, faults by kind."""
    seconds: float

    @property
    def ok(self) -> bool:
        return not self.failures

    def lines(self) -> Iterator[str]:
        for failure in self.failures:
            yield from failure.lines()
        kinds = Counter(problem.partition(":")[0] for f in self.failures for problem in f.problems)
        problems = ", ".join(f"{name} {kinds[name]}" for name in _SUMMARISED)
        rate = self.seeds / self.seconds if self.seconds else 0.0
        yield f"{self.seeds} seeds from {self.start}: {len(self.failures)} failed; {problems}"
        yield ", ".join(f"{name} {number}" for name, number in self.counts.items())
        yield f"{self.seconds:.1f} s, {rate:.2f} seeds/s"


class _SeedResult(msgspec.Struct, frozen=True):
    """What a report keeps of one seed."""

    counts: dict[str, int]
    failure: Failure | None


def run_simulations(
    seeds: int, start: int = 0, print_line: Print = lambda line: None, jobs: int = 1
) -> Report:
    """Simulate so many seeds in so many processes, and print each failure after shrinking it."""
    began, counts, failures = time.perf_counter(), Counter[str](), list[Failure]()
    with _results(range(start, start + seeds), jobs) as results:
        for number, each in enumerate(results, start=1):
            counts.update(each.counts)
            if each.failure is not None:
                failures.append(each.failure)
                for line in each.failure.lines():
                    print_line(line)
            if number % 100 == 0:
                print_line(f"{number} seeds, {len(failures)} failed")
    seconds = time.perf_counter() - began
    return Report(start=start, seeds=seeds, failures=failures, counts=dict(counts), seconds=seconds)


@contextmanager
def _results(seeds: Sequence[int], jobs: int) -> Iterator[Iterator[_SeedResult]]:
    """In the order of the seeds, whichever process simulates them."""
    if jobs == 1:
        yield map(_run_seed, seeds)
        return
    # A forked process would share DuckDB's threads with this one.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=end_with_parent) as pool:
        yield pool.map(_run_seed, seeds, chunksize=SEEDS_PER_CHUNK)


def end_with_parent() -> None:
    """End this process when the one that started it ends, however that ends. Linux alone can.

    A thread that waits for the parent would do it anywhere, but keeps DuckDB's objects until the end.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _run_seed(seed: int) -> _SeedResult:
    result = simulate(seed)
    return _SeedResult(result.counts, None if result.ok else shrunk(result))


def shrunk(result: SimulationResult, max_trials: int = MAX_TRIALS) -> Failure:
    """Remove faults while the seed still fails in the same way: halves first, then smaller parts."""
    kind = _kind_of(result.problems[0])
    best, trials = result, 0
    size = max(1, len(best.schedule) // 2)
    at = 0
    while trials < max_trials and best.schedule:
        kept = [*best.schedule[:at], *best.schedule[at + size :]]
        trial = simulate(result.seed, frozenset(fault.name for fault in kept))
        trials += 1
        if kind in map(_kind_of, trial.problems):
            best = trial
        else:
            at += size
        if at >= len(best.schedule):
            if size == 1:
                break
            at, size = 0, size // 2
    return Failure(
        seed=result.seed,
        problems=best.problems,
        schedule=best.schedule,
        faults=len(result.schedule),
    )


def _kind_of(problem: str) -> str:
    """`paid twice` of `paid twice: sim__r1__2__1 has more than one job`."""
    return problem.partition(":")[0]
