"""Find products by word lists; a name is always a slice of the transcript."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from troupe.standin.text_analysis.conversation import Sentence, word_spans
from troupe.standin.text_analysis.lexicon import Lexicon

_MAX_PRODUCTS = 3
_MAX_PREFIX = 3
"""Words of a proper name before the product's own."""


@dataclass(frozen=True, slots=True)
class Product:
    """A product, its category, and the first sentence that names it."""

    name: str
    category: str
    context: str


def products(sentences: Sequence[Sentence], lexicon: Lexicon) -> list[Product]:
    """At most three products, most often named first."""
    named: dict[str, Product] = {}
    times: Counter[str] = Counter()
    for sentence in sentences:
        for at, length, category in _heads(sentence.words, lexicon):
            name = _name(sentence, at, length, lexicon)
            named.setdefault(name.lower(), Product(name, category, sentence.text))
            times[name.lower()] += 1
    return [named[name] for name, _ in times.most_common(_MAX_PRODUCTS)]


def _heads(tokens: list[str], lexicon: Lexicon) -> list[tuple[int, int, str]]:
    heads: list[tuple[int, int, str]] = []
    after = 0
    for at, length, category in lexicon.product.find(tokens):
        if at >= after:
            heads.append((at, length, category))
            after = at + length
    return heads


def _name(sentence: Sentence, at: int, length: int, lexicon: Lexicon) -> str:
    """The slice of the text, with the proper name before it: `Premium Plus plan`."""
    text, tokens = sentence.text, sentence.words
    spans = word_spans(text)
    if len(spans) != len(tokens):  # a letter whose lower case is longer shifts the spans
        return " ".join(tokens[at : at + length])
    first = at
    while first > 1 and at - first < _MAX_PREFIX and _is_name(text, spans, first, tokens, lexicon):
        first -= 1
    return text[spans[first][0] : spans[at + length - 1][1]]


def _is_name(
    text: str, spans: list[tuple[int, int]], first: int, tokens: list[str], lexicon: Lexicon
) -> bool:
    """Whether the word before is capitalised, and separated by one space alone."""
    if lexicon.nouns_have_capitals:
        return False
    start, end = spans[first - 1]
    beside = text[end : spans[first][0]] == " "
    return beside and text[start].isupper() and tokens[first - 1] not in lexicon.stop
