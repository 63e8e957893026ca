"""Products by word evidence; a name is always a piece of the transcript, never made up."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from troupe.standin.text_analysis.lexicon import Lexicon
from troupe.standin.text_analysis.text import Sentence, word_spans

_MOST = 3
_COMPOUND = 7
_PREFIX = 3


@dataclass(frozen=True, slots=True)
class Product:
    """A thing the talk was about, its category, and the sentence that names it first."""

    name: str
    category: str
    context: str


def products(sentences: Sequence[Sentence], lexicon: Lexicon) -> list[Product]:
    """At most three, the most often named first."""
    named: dict[str, Product] = {}
    times: Counter[str] = Counter()
    for sentence in sentences:
        for at, length, category in _heads(sentence.words, lexicon):
            name = _name(sentence, at, length, lexicon)
            named.setdefault(name.lower(), Product(name, category, sentence.text))
            times[name.lower()] += 1
    return [named[name] for name, _ in times.most_common(_MOST)]


def _heads(said: list[str], lexicon: Lexicon) -> list[tuple[int, int, str]]:
    found: list[tuple[int, int, str]] = []
    after = 0
    for at, length, category in lexicon.product.find(said):
        if at >= after:
            found.append((at, length, category))
            after = at + length
    return found


def _name(sentence: Sentence, at: int, length: int, lexicon: Lexicon) -> str:
    """The slice of the text, with the proper name that stands before: `Premium Plus plan`."""
    text, said = sentence.text, sentence.words
    spans = word_spans(text)
    if len(spans) != len(said):  # a letter whose lower case is longer: take the word alone
        return " ".join(said[at : at + length])
    first = at
    while first > 1 and at - first < _PREFIX and _is_name(text, spans, first, said, lexicon):
        first -= 1
    return text[spans[first][0] : spans[at + length - 1][1]]


def _is_name(
    text: str, spans: list[tuple[int, int]], first: int, said: list[str], lexicon: Lexicon
) -> bool:
    """The word before is capitalised within its sentence and joined by one blank."""
    if lexicon.nouns_have_capitals:
        return False
    start, end = spans[first - 1]
    beside = text[end : spans[first][0]] == " "
    return beside and text[start].isupper() and said[first - 1] not in lexicon.stop
