"""Plant known mutants one by one, and check that a test notices each of them.

    python -m tests.mutants [--only NAME] [--jobs N]

`--only` takes a part of a name. Ends with 1 when a mutant is not caught, or is broken itself.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

from .checking import BROKEN, CAUGHT, EQUIVALENT, LEFT, Copy, Result, check
from .listed import MUTANTS
from .mutant import Mutant

T = TypeVar("T")
R = TypeVar("R")


def main() -> int:
    options = _options()
    chosen = [each for each in MUTANTS if options.only in each.name]
    if not chosen:
        _print(f"no mutant has {options.only!r} in its name")
        return 1
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copies = [Copy(Path(folder) / str(number)) for number in range(options.jobs)]
        try:
            if problem := _baseline(chosen, copies):
                _print(f"without any mutant a test fails: {problem}")
                return 1
            results = _in_all(copies, chosen, _check_one)
        finally:
            for copy in copies:
                copy.close()
    for line in _summary(results):
        _print(line)
    return 0 if all(each.ok for each in results) else 1


def _baseline(mutants: Sequence[Mutant], copies: Sequence[Copy]) -> str:
    """Return how a test fails in the tree as it is: then no failure would prove anything."""
    tests = sorted({test for each in mutants for test in each.tests})
    files = [list(group) for _, group in groupby(tests, lambda test: test.split("::")[0])]
    found = _in_all(copies, files, lambda of_file, copy: " ".join(copy.failure(of_file)))
    return next(filter(str.strip, found), "")


def _check_one(mutant: Mutant, copy: Copy) -> Result:
    result = check(mutant, copy)
    _print(result.line())
    return result


def _in_all(copies: Sequence[Copy], things: Sequence[T], act: Callable[[T, Copy], R]) -> list[R]:
    """Do this with every thing, each in a copy that is free, and return the results in order."""
    free: SimpleQueue[Copy] = SimpleQueue()
    for copy in copies:
        free.put(copy)

    def act_in_one(thing: T) -> R:
        copy = free.get()
        try:
            return act(thing, copy)
        finally:
            free.put(copy)

    with ThreadPoolExecutor(len(copies)) as pool:
        return list(pool.map(act_in_one, things))


def _summary(results: Sequence[Result]) -> list[str]:
    counts = {word: sum(each.word == word for each in results) for word in _WORDS}
    rest = [each for each in results if each.word != CAUGHT]
    return [
        "",
        ", ".join(f"{number} {word}" for word, number in counts.items()),
        *(f"  {each.word:12}{each.mutant.name}: {each.detail}" for each in rest),
    ]


_WORDS = (CAUGHT, EQUIVALENT, LEFT, BROKEN)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--only", default="", metavar="NAME", help="mutants with this in the name")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time")
    return parser.parse_args()


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
