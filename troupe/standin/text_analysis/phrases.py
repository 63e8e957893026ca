"""Find any of many phrases in one pass over the words."""

from collections.abc import Iterable, Sequence
from typing import Generic, NamedTuple, TypeVar

from troupe.standin.text_analysis.text import words

T = TypeVar("T")


class Found(NamedTuple, Generic[T]):
    """A phrase at a place; `length` is counted in words."""

    at: int
    length: int
    value: T


class Phrases(Generic[T]):
    """Phrases and what each of them stands for; the longest one at a place wins."""

    def __init__(self, entries: Iterable[tuple[str, T]]) -> None:
        self._by_first: dict[str, list[tuple[list[str], T]]] = {}
        for phrase, value in entries:
            if parts := words(phrase):
                self._by_first.setdefault(parts[0], []).append((parts, value))
        for candidates in self._by_first.values():
            candidates.sort(key=lambda candidate: -len(candidate[0]))

    def find(self, said: Sequence[str]) -> list[Found[T]]:
        """Every place where a phrase begins."""
        by_first = self._by_first
        if by_first.keys().isdisjoint(said):  # by far the most frequent answer
            return []
        starts = (at for at, word in enumerate(said) if word in by_first)
        return [found for at in starts if (found := self._longest(said, at)) is not None]

    def _longest(self, said: Sequence[str], at: int) -> Found[T] | None:
        for parts, value in self._by_first[said[at]]:
            if len(parts) == 1 or said[at : at + len(parts)] == parts:
                return Found(at, len(parts), value)
        return None
