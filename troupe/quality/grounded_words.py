"""The words of a summary that its transcript has, and where; counted as the closing counts them."""

import re
from collections.abc import Iterator
from typing import NamedTuple

LETTERS = 4
"""Letters of the shortest word that counts, as in `close_attempt.sql`."""


class GroundedWords(NamedTuple):
    """A transcript with the words of its summary marked."""

    parts: list[str]
    """The transcript in parts: every second one, from the second on, is a word of the summary."""
    absent: list[str]
    """Words of the summary that the transcript does not have, in lower case, each once."""


def grounded_words(summary: str, transcript: str) -> GroundedWords:
    """Find each word of the summary in the transcript, also inside other words, in any case."""
    letters = "".join(sign if sign.isalpha() else " " for sign in summary.lower())
    words = list(dict.fromkeys(word for word in letters.split() if len(word) >= LETTERS))
    lowered, places = _lowered(transcript)
    present = [word for word in words if word in lowered]
    absent = [word for word in words if word not in lowered]
    parts, end = [], 0
    for first, last in _spans(present, lowered):
        start, stop = places[first], places[last]
        if start >= end:
            parts += [transcript[end:start], transcript[start:stop]]
            end = stop
    return GroundedWords([*parts, transcript[end:]], absent)


def _spans(words: list[str], text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each word in the text; of words that overlap, the longest first one."""
    if words:
        longest_first = sorted(words, key=len, reverse=True)
        yield from (m.span() for m in re.finditer("|".join(map(re.escape, longest_first)), text))


def _lowered(text: str) -> tuple[str, list[int]]:
    """Return the text in lower case, and for each place in it the place in the text.

    The lower case of a letter may be several characters, as that of İ is.
    """
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered, list(range(len(text) + 1))
    pieces = [sign.lower() for sign in text]
    places = [at for at, piece in enumerate(pieces) for _ in piece]
    return "".join(pieces), [*places, len(text)]
