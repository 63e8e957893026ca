"""The most telling sentence of each side: central words, said early."""

import re
from collections import Counter
from collections.abc import Sequence
from math import sqrt

from troupe.standin.text_analysis.lexicon import Lexicon
from troupe.standin.text_analysis.text import Sentence

_DIGIT = re.compile(r"\d")
_PRIVATE = re.compile(r"[^\s@]+@[^\s@]+|(?:\d[ ()/.-]{0,2}){6,}\d|\b\d{5,}\b")
_EARLY_BONUS = 0.6
_LONGEST = 240


def central(sentences: Sequence[Sentence], lexicon: Lexicon, count: int = 1) -> list[str]:
    """The sentences that say most of what was said, in their order; repeats count once."""
    known: dict[str, list[str]] = {}
    for sentence in sentences:
        known.setdefault(sentence.text, _content(sentence, lexicon))
    weights = Counter(word for content in known.values() for word in content)
    last = max(1, len(known))
    scored = [
        (_score(content, weights) * (1 + _EARLY_BONUS * (1 - place / last)), -place, text)
        for place, (text, content) in enumerate(known.items())
    ]
    best = sorted(scored, reverse=True)[:count]
    return [clip(text) for _, _, text in sorted(best, key=lambda one: -one[1])]


def framed(customer: Sequence[str], agent: Sequence[str]) -> str:
    """One summary of what both sides said; a silent side is left out."""
    sides = (("The customer", customer), ("The agent", agent))
    return " ".join(f"{who}: {' '.join(said)}" for who, said in sides if said)


def clip(text: str) -> str:
    """A sentence of readable length, without the numbers that identify a person or a card."""
    text = _PRIVATE.sub("…", text)
    if len(text) <= _LONGEST:
        return text
    end = text.rfind(" ", 1, _LONGEST)
    return text[: end if end > 0 else _LONGEST].rstrip() + " …"


def _content(sentence: Sentence, lexicon: Lexicon) -> list[str]:
    """Digits are masked: a card number is no topic."""
    kept = (word for word in sentence.words if word not in lexicon.stop)
    return [word if word.isalpha() else _DIGIT.sub("0", word) for word in kept]


def _score(content: list[str], weights: Counter[str]) -> float:
    if not content:
        return 0.0
    return sum(weights[word] for word in set(content)) / sqrt(len(content) + 3)
