"""Extractive summaries: the sentences with the most frequent words, early ones preferred."""

import re
from collections import Counter
from collections.abc import Sequence
from math import sqrt

from troupe.standin.text_analysis.conversation import Sentence
from troupe.standin.text_analysis.lexicon import Lexicon

_DIGIT = re.compile(r"\d")
_EARLY_BONUS = 0.6
_LONGEST = 240


def central(sentences: Sequence[Sentence], lexicon: Lexicon, count: int = 1) -> list[str]:
    """The highest-scoring sentences, in their order; repeated sentences count once.

    A sentence with a number counts half: most often it is an address or a telephone number.
    """
    known: dict[str, list[str]] = {}
    for sentence in sentences:
        known.setdefault(sentence.text, _content(sentence, lexicon))
    weights = Counter(word for content in known.values() for word in content)
    last = max(1, len(known))
    scored = [
        (_score(content, weights) * (1 + _EARLY_BONUS * (1 - index / last)), -index, text)
        for index, (text, content) in enumerate(known.items())
    ]
    best = sorted(scored, reverse=True)[:count]
    return [text for _, _, text in sorted(best, key=lambda one: -one[1])]


def framed(customer: Sequence[str], agent: Sequence[str]) -> str:
    """One summary of both sides; a silent side is left out."""
    sides = (("The customer", customer), ("The agent", agent))
    return " ".join(f"{who}: {' '.join(texts)}" for who, texts in sides if texts)


def clip(text: str) -> str:
    """A sentence of readable length."""
    if len(text) <= _LONGEST:
        return text
    end = text.rfind(" ", 1, _LONGEST)
    return text[: end if end > 0 else _LONGEST].rstrip() + " …"


def _content(sentence: Sentence, lexicon: Lexicon) -> list[str]:
    """The words that are not stop words, with digits masked so that a number is not a topic."""
    kept = (word for word in sentence.words if word not in lexicon.stop)
    return [word if word.isalpha() else _DIGIT.sub("0", word) for word in kept]


def _score(content: list[str], weights: Counter[str]) -> float:
    if not content:
        return 0.0
    return sum(weights[word] for word in set(content)) / sqrt(len(content) + 3)
