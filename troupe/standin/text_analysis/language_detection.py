"""Detect a language by script, stop words and the letters that only it uses."""

import re
from collections.abc import Iterable
from functools import cache

from troupe.standin.text_analysis.lexicon import LANGUAGES, lexicon

UNKNOWN = "und"
_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
)
_FOREIGN = re.compile(r"[\u0370-\u1fff\u3040-\ud7af]")
_LETTERS = {
    "de": re.compile(r"[äöüß]"),
    "es": re.compile(r"[ñ¿¡]"),
    "fr": re.compile(r"[êçœâîûë]"),
    "it": re.compile(r"[òìàù]\b"),
}
_ENOUGH_WORDS = 400


def detect_language(tokens: list[str], text: str) -> str:
    """The ISO 639-1 code of the language; `und` without evidence."""
    return _by_script(text) or _by_words(tokens, text)


def _by_script(text: str) -> str | None:
    if _FOREIGN.search(text) is None:
        return None
    counts = {code: len(pattern.findall(text)) for code, pattern in _SCRIPTS}
    code, count = max(counts.items(), key=lambda item: item[1])
    letters = sum(1 for character in text if character.isalpha())
    # Japanese mixes its own letters with Chinese characters, so a third of them is enough.
    return code if count * 3 > letters else None


def _by_words(tokens: list[str], text: str) -> str:
    votes = _votes(tokens[:_ENOUGH_WORDS])
    lowered = text[: _ENOUGH_WORDS * 8].lower()
    for code, letters in _LETTERS.items():
        votes[code] += 0.7 * len(letters.findall(lowered))
    best = max(LANGUAGES, key=lambda code: votes[code])
    return best if votes[best] > 0 else UNKNOWN


def _votes(tokens: Iterable[str]) -> dict[str, float]:
    """Votes by language; a word that several languages share is split among them."""
    owners = _owners()
    votes = dict.fromkeys(LANGUAGES, 0.0)
    for word in tokens:
        for code in (shared := owners.get(word, ())):
            votes[code] += 1 / len(shared)
    return votes


@cache
def _owners() -> dict[str, tuple[str, ...]]:
    known = {code: lexicon(code).stop for code in LANGUAGES}
    every = frozenset().union(*known.values())
    return {word: tuple(code for code in LANGUAGES if word in known[code]) for word in every}
