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


def weights(sentences: Sequence[Sentence], lexicon: Lexicon) -> list[float]:
    """The weight of each sentence; 0 without evidence."""
    return [_weight(sentence, lexicon) for sentence in sentences]


def feeling(weights: Sequence[float]) -> float:
    """A score between -1 and 1 from the weights of sentences; 0 without evidence."""
    total = sum(weights)
    return total / sqrt(total * total + _SATURATION * max(1.0, sqrt(len(weights))))


def third(weights: Sequence[float]) -> int:
    """How many sentences are the beginning, or the end."""
    return max(1, (len(weights) + 2) // 3)


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
