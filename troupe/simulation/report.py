"""Many seeds, what they showed, and a failing one made small."""

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

import msgspec

from .rng import Fault
from .simulate import Outcome, simulate

Say = Callable[[str], None]

_PROMISES = ("lost", "doubled", "paid twice", "stuck", "stuck in silence")

MOST_TRIALS = 60
"""Simulations that shrinking may take."""
AT_A_TIME = 8
"""Seeds that a process is given at once."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A seed that failed, and the fewest faults that were found to be enough."""

    seed: int
    problems: list[str]
    schedule: list[Fault]
    """Shrunk: every fault in it is needed."""
    faults: int
    """How many there were before."""

    def lines(self) -> Iterator[str]:
        yield f"seed {self.seed}: {len(self.problems)} problems"
        yield from (f"  {problem}" for problem in self.problems)
        yield f"  schedule, {len(self.schedule)} of {self.faults} faults:"
        yield from (f"  {fault}" for fault in self.schedule)
        yield f"  again: troupe simulate --start {self.seed} --seeds 1"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What so many seeds showed."""

    start: int
    seeds: int
    failures: list[Failure]
    counts: dict[str, int]
    seconds: float

    @property
    def ok(self) -> bool:
        return not self.failures

    def lines(self) -> Iterator[str]:
        for failure in self.failures:
            yield from failure.lines()
        kinds = Counter(problem.partition(":")[0] for f in self.failures for problem in f.problems)
        told = ", ".join(f"{name} {kinds[name]}" for name in _PROMISES)
        rate = self.seeds / self.seconds if self.seconds else 0.0
        yield f"{self.seeds} seeds from {self.start}: {len(self.failures)} failed; {told}"
        yield ", ".join(f"{name} {number}" for name, number in self.counts.items())
        yield f"{self.seconds:.1f} s, {rate:.2f} seeds/s"


class _Played(msgspec.Struct, frozen=True):
    """What a report keeps of one seed."""

    counts: dict[str, int]
    failure: Failure | None


def run_simulations(
    seeds: int, start: int = 0, say: Say = lambda line: None, jobs: int = 1
) -> Report:
    """Play so many seeds, in so many processes; each that fails is shrunk and told."""
    began, counts, failures = time.perf_counter(), Counter[str](), list[Failure]()
    with _playing(range(start, start + seeds), jobs) as played:
        for number, each in enumerate(played, start=1):
            counts.update(each.counts)
            if each.failure is not None:
                failures.append(each.failure)
                for line in each.failure.lines():
                    say(line)
            if number % 100 == 0:
                say(f"{number} seeds, {len(failures)} failed")
    seconds = time.perf_counter() - began
    return Report(start=start, seeds=seeds, failures=failures, counts=dict(counts), seconds=seconds)


@contextmanager
def _playing(seeds: Sequence[int], jobs: int) -> Iterator[Iterator[_Played]]:
    """In the order of the seeds, whoever plays them."""
    if jobs == 1:
        yield map(_play, seeds)
        return
    # A process that was forked would share DuckDB's threads with this one.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        yield pool.map(_play, seeds, chunksize=AT_A_TIME)


def _play(seed: int) -> _Played:
    outcome = simulate(seed)
    return _Played(outcome.counts, None if outcome.ok else shrunk(outcome))


def shrunk(outcome: Outcome, most_trials: int = MOST_TRIALS) -> Failure:
    """Leave faults out while the seed still fails: halves first, then ever smaller parts."""
    kind = _kind(outcome.problems)
    best, trials = outcome, 0
    size = max(1, len(best.schedule) // 2)
    at = 0
    while trials < most_trials and best.schedule:
        kept = [*best.schedule[:at], *best.schedule[at + size :]]
        trial = simulate(outcome.seed, frozenset(fault.name for fault in kept))
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
        seed=outcome.seed,
        problems=best.problems,
        schedule=best.schedule,
        faults=len(outcome.schedule),
    )


def _kind(problems: list[str]) -> str:
    return _kind_of(problems[0])


def _kind_of(problem: str) -> str:
    """`paid twice` of `paid twice: chaos__r1__2__1 has more than one job`."""
    return problem.partition(":")[0]
