"""The word lists of each language, read from `words/`."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from troupe.standin.text_analysis.phrase_matching import Phrases

LANGUAGES = ("en", "de", "it", "es", "fr")


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
    name = language if language in LANGUAGES else "en"
    text = (
        files("troupe.standin.text_analysis").joinpath("words", f"{name}.toml").read_text("utf-8")
    )
    return _read(tomllib.loads(text))


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
