"""Split a transcript into sentences with their speakers, and sentences into words."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

_ELISION = r"\b(?:[cdjlmnstv]|qu|un|dell|all|nell|dall|sull|quell|dov)'(?=\w)"
_WORD = re.compile(
    _ELISION + r"|[^\W_]+(?:['-][^\W_]+)*|[\U0001F300-\U0001FAFF\u2600-\u27BF]", re.UNICODE
)
_LABEL = re.compile(r"\s*([^\W\d_]{2,20})(?: ?\d{1,2})?\s*:\s*(.*)", re.DOTALL)
_BREAK = re.compile(r"(?<=[.!?…。！？؟])[\"'”)]*\s+|(?<=[。！？])")
_ABBREVIATIONS = frozenset(
    re.findall(
        r"\S+",
        "dr. mr. mrs. ms. prof. st. no. nr. z.b. d.h. ca. bzw. sig. sr. sra. mme. e.g. i.e.",
    )
)
_LONGEST_SENTENCE = 400
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
"""Characters that no table can store."""


class Side(Enum):
    """The speaker; without labels every sentence counts as the customer's."""

    CUSTOMER = "customer"
    AGENT = "agent"
    OTHER = "other"


_CUSTOMERS = (
    "customer caller client user guest kunde kundin anrufer anruferin cliente utente"
    " usuario usuaria usager appelant عميل לקוח"
)
_AGENTS = (
    "agent advisor operator representative rep assistant support mitarbeiter mitarbeiterin"
    " berater beraterin operatore operatrice agente asesor asesora conseiller conseillère"
    " وكيل נציג"
)
_SPEAKERS = {
    **dict.fromkeys(_CUSTOMERS.split(), Side.CUSTOMER),
    **dict.fromkeys(_AGENTS.split(), Side.AGENT),
    **dict.fromkeys(("system", "bot", "ivr", "note"), Side.OTHER),
}


@dataclass(frozen=True)
class Sentence:
    """One sentence as it stands in the transcript."""

    side: Side
    text: str

    @cached_property
    def words(self) -> list[str]:
        """Its words and emoji in lower case; elided articles are separate words."""
        return words(self.text)


@dataclass(frozen=True)
class Conversation:
    """All sentences, in order."""

    sentences: list[Sentence]

    @cached_property
    def customer(self) -> list[Sentence]:
        return [one for one in self.sentences if one.side is Side.CUSTOMER]

    @cached_property
    def agent(self) -> list[Sentence]:
        return [one for one in self.sentences if one.side is Side.AGENT]


def words(text: str) -> list[str]:
    """The words and emoji of a text in lower case."""
    return _WORD.findall(text.lower().replace("’", "'"))


def word_spans(text: str) -> list[tuple[int, int]]:
    """The spans of the words in the text itself; in lower case, lengths may change."""
    return [match.span() for match in _WORD.finditer(text.replace("’", "'"))]


def replace_words(text: str, replaced: Callable[[str], str]) -> str:
    """The text with each of its words, as it is written, replaced."""
    return _WORD.sub(lambda match: replaced(match[0]), text.replace("’", "'"))


def conversation(transcript: str) -> Conversation:
    """Split a transcript; a line without a speaker continues the turn before it."""
    sentences: list[Sentence] = []
    side = Side.CUSTOMER
    for line in _UNSTORABLE.sub(" ", transcript).splitlines():
        side, text = _speaker(line, side)
        sentences.extend(Sentence(side, part) for part in _sentences(text))
    return Conversation(sentences)


def _speaker(line: str, before: Side) -> tuple[Side, str]:
    labelled = _LABEL.match(line)
    if labelled is None:
        return before, line
    side = _SPEAKERS.get(labelled[1].lower())
    return (before, line) if side is None else (side, labelled[2])


def _sentences(text: str) -> list[str]:
    """Cut after sentences, not after abbreviations, and at a maximum length."""
    parts: list[str] = []
    for piece in _BREAK.split(text):
        part = piece.strip()
        if not part:
            continue
        if parts and _continues(parts[-1], part):
            parts[-1] = f"{parts[-1]} {part}"
        else:
            parts.extend(_short(part))
    return parts


def _continues(before: str, part: str) -> bool:
    """Whether the part before ends with an abbreviation, or this one has no letter or digit."""
    abbreviated = before.rsplit(None, 1)[-1].lower() in _ABBREVIATIONS
    return abbreviated or not any(character.isalnum() for character in part)


def _short(part: str) -> list[str]:
    """Cut a text without sentence ends at spaces, as speech recognition may write it."""
    pieces: list[str] = []
    start = 0
    while len(part) - start > _LONGEST_SENTENCE:
        end = part.rfind(" ", start + 1, start + _LONGEST_SENTENCE)
        end = end if end > 0 else start + _LONGEST_SENTENCE
        pieces.append(part[start:end].strip())
        start = end
    pieces.append(part[start:].strip())
    return [piece for piece in pieces if piece]
