"""Score sentiment by word lists, with negation and emphasis."""

from collections.abc import Sequence
from math import sqrt

from troupe.standin.text_analysis.conversation import Sentence
from troupe.standin.text_analysis.lexicon import Lexicon

_NEGATED = -0.7
"""Factor of a word after a negation."""
_CONTEXT = 3
"""Words before a word that may negate or strengthen it."""
_SATURATION = 6.0


def feeling(sentences: Sequence[Sentence], lexicon: Lexicon) -> float:
    """A score between -1 and 1; 0 without evidence."""
    total = sum(_weight(sentence, lexicon) for sentence in sentences)
    return total / sqrt(total * total + _SATURATION * max(1.0, sqrt(len(sentences))))


def first_third(sentences: Sequence[Sentence]) -> Sequence[Sentence]:
    return sentences[: _third(sentences)]


def last_third(sentences: Sequence[Sentence]) -> Sequence[Sentence]:
    return sentences[-_third(sentences) :]


def _third(sentences: Sequence[Sentence]) -> int:
    return max(1, (len(sentences) + 2) // 3)


def _weight(sentence: Sentence, lexicon: Lexicon) -> float:
    tokens = sentence.words
    total = 0.0
    after = 0
    for at, length, weight in lexicon.feeling.find(tokens):
        if at >= after:
            total += _in_context(tokens, at, weight, lexicon)
            after = at + length
    return total * _emphasis(sentence.text)


def _in_context(tokens: list[str], at: int, weight: float, lexicon: Lexicon) -> float:
    before = tokens[max(0, at - _CONTEXT) : at]
    for _, _, strength in lexicon.strengthen.find(before):
        weight *= 1 + strength
    if any(word in lexicon.negation for word in before):
        weight *= _NEGATED
    return weight


def _emphasis(text: str) -> float:
    shouted = len(text) > 8 and text.isupper()
    return (1 + 0.15 * min(3, text.count("!"))) * (1.3 if shouted else 1.0)
