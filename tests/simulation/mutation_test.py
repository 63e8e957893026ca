"""Mutation test of the simulation: how many seeds it takes to detect each planted fault.

    python -m tests.simulation.mutation_test --seeds 500 [--jobs N]

Prints one line a mutation, and ends with 1 when one was not detected.
"""

import argparse
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor

import msgspec

from troupe.simulation.simulate import simulate

from .planted_faults import MUTATIONS, Mutation

HARMLESS_SEEDS = 40
"""So many seeds are simulated with a harmless mutation, and none may fail."""


class MutationResult(msgspec.Struct, frozen=True, kw_only=True):
    """Which seed detected a mutation, and how many were simulated until then."""

    name: str
    seed: int | None
    """The first that failed; None when none did."""
    seeds: int
    problem: str
    is_harmless: bool = False

    @property
    def ok(self) -> bool:
        return (self.seed is None) is self.is_harmless

    def line(self) -> str:
        if self.seed is None:
            text = "harmless, as expected" if self.is_harmless else "NOT DETECTED"
        else:
            text = f"seed {self.seed}: {self.problem}"
        return f"{self.name:<44} {self.seeds:>4} seeds  {text}"


class MutationReport(msgspec.Struct, frozen=True, kw_only=True):
    """The results of all mutations."""

    results: list[MutationResult]

    @property
    def ok(self) -> bool:
        return all(each.ok for each in self.results)

    def lines(self) -> Iterator[str]:
        faults = [each for each in self.results if not each.is_harmless]
        yield f"{sum(each.ok for each in faults)} of {len(faults)} planted faults were detected"


def run_mutation(mutation: Mutation, seeds: Iterable[int]) -> MutationResult:
    """Simulate seeds with this mutation until one fails."""
    simulated = 0
    with mutation.apply():
        for seed in seeds:
            simulated += 1
            result = simulate(seed)
            if not result.ok:
                return _result(mutation, seed, simulated, result.problems[0])
    return _result(mutation, None, simulated, "")


def run_all(
    seeds: range,
    jobs: int = 1,
    print_line: Callable[[str], None] = lambda line: None,
    only: str = "",
) -> MutationReport:
    """Run every mutation whose name contains `only` on these seeds, in so many processes."""
    work = [(number, seeds) for number, each in enumerate(MUTATIONS) if only in each.name]
    if jobs == 1:
        return _report(map(_run_numbered, work), print_line)
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        return _report(pool.map(_run_numbered, work), print_line)


def _report(results: Iterable[MutationResult], print_line: Callable[[str], None]) -> MutationReport:
    finished = []
    for each in results:
        finished.append(each)
        print_line(each.line())
    return MutationReport(results=finished)


def _run_numbered(work: tuple[int, range]) -> MutationResult:
    number, seeds = work
    mutation = MUTATIONS[number]
    return run_mutation(mutation, seeds[:HARMLESS_SEEDS] if mutation.is_harmless else seeds)


def _result(mutation: Mutation, seed: int | None, simulated: int, problem: str) -> MutationResult:
    return MutationResult(
        name=mutation.name,
        seed=seed,
        seeds=simulated,
        problem=problem,
        is_harmless=mutation.is_harmless,
    )


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation.mutation_test",
        description="Plant each known fault in the product and simulate seeds until one fails.",
    )
    parser.add_argument("--seeds", type=int, default=500, help="most seeds for one mutation")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    parser.add_argument("--only", default="", help="part of the names of the mutations to plant")
    options = parser.parse_args()
    seeds = range(options.start, options.start + options.seeds)
    report = run_all(seeds, options.jobs, _print, options.only)
    for line in report.lines():
        _print(line)
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())
