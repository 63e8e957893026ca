"""The harness, checked: how many seeds it takes until a fault that was planted is found."""

import argparse
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor

import msgspec

from troupe.simulation.simulate import simulate

from .mutations import MUTATIONS, Mutation

HARMLESS_SEEDS = 40
"""What only saves work is taken away for so many seeds, and none may fail."""


class Caught(msgspec.Struct, frozen=True, kw_only=True):
    """How soon a mutation was found."""

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
            told = "harmless, as promised" if self.is_harmless else "NOT CAUGHT"
        else:
            told = f"seed {self.seed}: {self.problem}"
        return f"{self.name:<44} {self.seeds:>4} seeds  {told}"


class Hunt(msgspec.Struct, frozen=True, kw_only=True):
    """The table of mutations."""

    caught: list[Caught]

    @property
    def ok(self) -> bool:
        return all(each.ok for each in self.caught)

    def lines(self) -> Iterator[str]:
        faults = [each for each in self.caught if not each.is_harmless]
        yield f"{sum(each.ok for each in faults)} of {len(faults)} planted faults were caught"


def hunt(mutation: Mutation, seeds: Iterable[int]) -> Caught:
    """Play seeds until one fails."""
    played = 0
    with mutation.apply():
        for seed in seeds:
            played += 1
            outcome = simulate(seed)
            if not outcome.ok:
                return _caught(mutation, seed, played, outcome.problems[0])
    return _caught(mutation, None, played, "")


def hunt_all(seeds: range, jobs: int = 1, say: Callable[[str], None] = lambda line: None) -> Hunt:
    """Every mutation within these seeds, in so many processes."""
    work = [(number, seeds) for number in range(len(MUTATIONS))]
    if jobs == 1:
        return _told(map(_hunted, work), say)
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        return _told(pool.map(_hunted, work), say)


def _told(found: Iterable[Caught], say: Callable[[str], None]) -> Hunt:
    caught = []
    for each in found:
        caught.append(each)
        say(each.line())
    return Hunt(caught=caught)


def _hunted(work: tuple[int, range]) -> Caught:
    number, seeds = work
    mutation = MUTATIONS[number]
    return hunt(mutation, seeds[:HARMLESS_SEEDS] if mutation.is_harmless else seeds)


def _caught(mutation: Mutation, seed: int | None, played: int, problem: str) -> Caught:
    return Caught(
        name=mutation.name,
        seed=seed,
        seeds=played,
        problem=problem,
        is_harmless=mutation.is_harmless,
    )


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Try every mutation; exit with 1 when one was not caught."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.mutation_test")
    parser.add_argument("--seeds", type=int, default=400, help="seeds for each mutation at most")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    options = parser.parse_args()
    result = hunt_all(range(options.seeds), options.jobs, _print)
    for line in result.lines():
        _print(line)
    return 0 if result.ok else 1


if __name__ == "__main__":
    sys.exit(main())
