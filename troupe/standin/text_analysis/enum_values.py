"""Values for enum properties, with synonyms, so that they fit the enum of any schema."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from troupe.standin.text_analysis.lexicon import entries, word_list

_UNDECIDED = (
    "other", "unknown", "unclear", "none", "general", "neutral", "und", "not_applicable"
)  # fmt: skip
_THRESHOLD = 0.18
"""Sentiment between -0.18 and 0.18 is neutral."""
_STEM = 5
"""Words that share so many first letters count as related."""


@dataclass(frozen=True, slots=True)
class EnumValue:
    """One value: our own name first, then synonyms from close to general."""

    names: tuple[str, ...]

    @property
    def value(self) -> str:
        return self.names[0]


@lru_cache(maxsize=1024)
def nearest(names: tuple[str, ...], allowed: tuple[str, ...]) -> str:
    """The first allowed value with an equal name, a related name, or the meaning `undecided`.

    The first value of all when there is none.
    """
    for are_near, wanted in ((_equal, names), (_related, names), (_equal, _UNDECIDED)):
        for name in wanted:
            for value in allowed:
                if are_near(_parts(name), _parts(value)):
                    return value
    return allowed[0]


def plain(value: Any) -> Any:
    """The same structure with our own name in place of each `EnumValue`."""
    if isinstance(value, EnumValue):
        return value.value
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


def _parts(name: str) -> list[str]:
    return re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())


def _equal(one: list[str], other: list[str]) -> bool:
    return one == other


def _related(one: list[str], other: list[str]) -> bool:
    """They share a word, or the first letters of one: `cancel` and `cancellation`."""
    return any(a == b or (len(a) >= _STEM and a[:_STEM] == b[:_STEM]) for a in one for b in other)


def _values(kind: str) -> Mapping[str, EnumValue]:
    named: Mapping[str, str] = word_list("values")[kind]
    return {name: EnumValue((name, *entries(synonyms))) for name, synonyms in named.items()}


INTENTS, _TONES, _CATEGORIES = map(_values, ("intent", "tone", "category"))


def sentiment(score: float) -> EnumValue:
    """The sentiment of a score between -1 and 1."""
    if score > _THRESHOLD:
        return EnumValue(("positive", "satisfied", "happy"))
    return EnumValue(
        ("negative", "dissatisfied", "unhappy") if score < -_THRESHOLD else ("neutral",)
    )


def tone(incoming: float, outgoing: float, overall: float) -> EnumValue:
    """The customer's tone over the whole call, from three scores between -1 and 1."""
    if overall < -0.6:
        return _TONES["angry"]
    if overall < -_THRESHOLD or outgoing < -0.4:
        return _TONES["frustrated"]
    if overall > 0.6:
        return _TONES["friendly"]
    return _TONES["calm"] if incoming < -_THRESHOLD < outgoing else _TONES["neutral"]


def category(name: str) -> EnumValue:
    """The category of a product, with synonyms."""
    known = _CATEGORIES.get(name, EnumValue((name,)))
    return EnumValue((*known.names, "other"))
