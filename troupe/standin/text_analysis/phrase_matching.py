"""Find many phrases in one pass over a list of words."""

from collections.abc import Iterable, Sequence
from typing import Generic, NamedTuple, TypeVar

from troupe.standin.text_analysis.conversation import words

T = TypeVar("T")


class Match(NamedTuple, Generic[T]):
    """A phrase at an index; `length` is its number of words."""

    at: int
    length: int
    value: T


class Phrases(Generic[T]):
    """Phrases with a value each; the longest one at an index is taken."""

    def __init__(self, entries: Iterable[tuple[str, T]]) -> None:
        self._by_first: dict[str, list[tuple[list[str], T]]] = {}
        for phrase, value in entries:
            if parts := words(phrase):
                self._by_first.setdefault(parts[0], []).append((parts, value))
        for candidates in self._by_first.values():
            candidates.sort(key=lambda candidate: -len(candidate[0]))

    def find(self, tokens: Sequence[str]) -> list[Match[T]]:
        """One match for every index at which a phrase begins."""
        by_first = self._by_first
        if by_first.keys().isdisjoint(tokens):  # by far the most frequent case
            return []
        starts = (at for at, word in enumerate(tokens) if word in by_first)
        return [match for at in starts if (match := self._longest(tokens, at)) is not None]

    def _longest(self, tokens: Sequence[str], at: int) -> Match[T] | None:
        for parts, value in self._by_first[tokens[at]]:
            if len(parts) == 1 or tokens[at : at + len(parts)] == parts:
                return Match(at, len(parts), value)
        return None
