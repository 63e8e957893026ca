"""Random decisions by name: each follows from the seed and its own name, and from nothing else.

Leaving one fault out therefore leaves all other decisions as they were. Shrinking a failing
schedule depends on that.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fault:
    """One injected fault: its name in the schedule, its kind, and the minute it happened."""

    name: str
    kind: str
    minute: float

    def __str__(self) -> str:
        return f"{self.minute:8.1f} min  {self.kind:<18} {self.name}"


class Rng:
    """All random decisions of one simulation, and the faults that resulted from them."""

    def __init__(self, seed: int, only: frozenset[str] | None = None, max_faults: int = 40) -> None:
        """With `only`, just the faults with these names happen; at most `max_faults` happen."""
        self.seed, self.faults = seed, list[Fault]()
        self.minute = 0.0
        self._only, self._max_faults = only, max_faults
        self._passes = Counter[str]()

    def value(self, name: str) -> float:
        """A number in [0, 1), always the same for one name."""
        digest = hashlib.blake2b(f"{self.seed}/{name}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) / 2**64

    def integer(self, name: str, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int(self.value(name) * (high - low + 1))

    def choice(self, name: str, choices: Sequence[T]) -> T:
        return choices[int(self.value(name) * len(choices))]

    def fault(self, site: str, rates: Mapping[str, float]) -> tuple[str, str] | None:
        """Decide whether one of these kinds of fault happens at this pass of the site.

        Returns its kind and the name of the pass; None when nothing happens.
        """
        self._passes[site] += 1
        name = f"{site} #{self._passes[site]}"
        is_excluded = self._only is not None and name not in self._only
        if len(self.faults) >= self._max_faults or is_excluded:
            return None
        kind = _kind_at(self.value(name), rates)
        if kind is None:
            return None
        self.faults.append(Fault(name, kind, self.minute))
        return kind, name

    def occurs(self, site: str, kind: str, rate: float) -> bool:
        """As `fault`, for a site with one kind of fault."""
        return self.fault(site, {kind: rate}) is not None


def _kind_at(value: float, rates: Mapping[str, float]) -> str | None:
    for kind, rate in rates.items():
        if value < rate:
            return kind
        value -= rate
    return None
