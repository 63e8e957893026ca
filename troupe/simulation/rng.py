"""Chance by name: every decision follows from the seed and its own name, and from nothing else.

Taking one fault away therefore leaves all the others as they were, which is what lets a
failing schedule be shrunk.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that went wrong: its name in the schedule, what it was, and when."""

    name: str
    kind: str
    minute: float

    def __str__(self) -> str:
        return f"{self.minute:8.1f} min  {self.kind:<18} {self.name}"


class Chance:
    """All decisions of one simulation."""

    def __init__(self, seed: int, only: frozenset[str] | None = None, most: int = 40) -> None:
        """With `only`, no fault happens but those named; `most` bounds how many do."""
        self.seed, self.fired = seed, list[Fault]()
        self.minute = 0.0
        self._only, self._most = only, most
        self._times = Counter[str]()

    def value(self, name: str) -> float:
        """Between 0 and 1; always the same for one name."""
        digest = hashlib.blake2b(f"{self.seed}/{name}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) / 2**64

    def whole(self, name: str, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int(self.value(name) * (high - low + 1))

    def one_of(self, name: str, choices: Sequence[T]) -> T:
        return choices[int(self.value(name) * len(choices))]

    def fault(self, site: str, shares: Mapping[str, float]) -> tuple[str, str] | None:
        """What goes wrong at this passage of the site, and the name of the passage."""
        self._times[site] += 1
        name = f"{site} #{self._times[site]}"
        if len(self.fired) >= self._most or (self._only is not None and name not in self._only):
            return None
        kind = _picked(self.value(name), shares)
        if kind is None:
            return None
        self.fired.append(Fault(name, kind, self.minute))
        return kind, name

    def hits(self, site: str, kind: str, share: float) -> bool:
        """As `fault`, where only one thing can go wrong."""
        return self.fault(site, {kind: share}) is not None


def _picked(value: float, shares: Mapping[str, float]) -> str | None:
    for kind, share in shares.items():
        if value < share:
            return kind
        value -= share
    return None
