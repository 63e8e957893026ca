"""The word lists of each language, read from `words/`."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Generic, NamedTuple, TypeVar

from troupe.standin.text_analysis.conversation import words

LANGUAGES = ("en", "de", "it", "es", "fr")
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


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Cue words of one language."""

    stop: frozenset[str]
    feeling: Phrases[float]
    negation: frozenset[str]
    strengthen: Phrases[float]
    resolved: Phrases[float]
    intent: Phrases[str]
    wish: Phrases[bool]
    """Phrases with which something is asked for."""
    question: Phrases[bool]
    """Phrases with which a question begins."""
    product: Phrases[str]
    nouns_have_capitals: bool
    """If so, a capital letter does not mark a proper name."""


@cache
def lexicon(language: str) -> Lexicon:
    """The lexicon of a language; the English one for a language without lists."""
    return _read(word_list(language if language in LANGUAGES else "en"))


def word_list(name: str) -> dict[str, Any]:
    """Read a file of `words/`."""
    file = files("troupe.standin.text_analysis").joinpath("words", f"{name}.toml")
    return tomllib.loads(file.read_text("utf-8"))


def entries(listed: str) -> list[str]:
    """The entries of a comma-separated list that may be folded over lines."""
    return [entry for part in listed.split(",") if (entry := " ".join(part.split()))]


def _read(data: Mapping[str, Any]) -> Lexicon:
    strong = ((entry, 0.35) for entry in entries(data["strengthen"]))
    weak = ((entry, -0.35) for entry in entries(data["weaken"]))
    return Lexicon(
        stop=frozenset(entries(data["stop"])),
        feeling=Phrases(_weighted(data["feeling"])),
        negation=frozenset(entries(data["negation"])),
        strengthen=Phrases([*strong, *weak]),
        resolved=Phrases(_signed(data["resolved"])),
        intent=Phrases(_named(data["intent"])),
        wish=Phrases((entry, True) for entry in entries(data["wish"])),
        question=Phrases((entry, True) for entry in entries(data["question"])),
        product=Phrases(_named(data["product"])),
        nouns_have_capitals=data["nouns_have_capitals"],
    )


def _weighted(listed: Mapping[str, str]) -> Iterable[tuple[str, float]]:
    return ((entry, float(weight)) for weight, text in listed.items() for entry in entries(text))


def _signed(listed: Mapping[str, str]) -> Iterable[tuple[str, float]]:
    yield from ((entry, 1.0) for entry in entries(listed["yes"]))
    yield from ((entry, -1.0) for entry in entries(listed["no"]))


def _named(listed: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    return ((entry, name) for name, text in listed.items() for entry in entries(text))
