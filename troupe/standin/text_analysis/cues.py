"""What the call was about and how it ended, from cue words."""

from collections import Counter
from collections.abc import Sequence

from troupe.standin.text_analysis.lexicon import Lexicon
from troupe.standin.text_analysis.text import Conversation, Sentence, Side

OTHER = "other"
_EARLY = 6
_DECISIVE = 1.5


def intents(sentences: Sequence[Sentence], lexicon: Lexicon) -> list[str]:
    """The intents that have evidence, the best first; early words tell most."""
    votes: Counter[str] = Counter()
    for number, sentence in enumerate(sentences):
        early = 3 if number < _EARLY else 1
        for _, length, intent in lexicon.intent.find(sentence.words):
            votes[intent] += early * length
    return [intent for intent, _ in votes.most_common()]


def request(sentences: Sequence[Sentence], lexicon: Lexicon, intent: str) -> Sentence | None:
    """The sentence that says what is wanted: the first with a cue of the intent."""
    for sentence in sentences:
        if any(found.value == intent for found in lexicon.intent.find(sentence.words)):
            return sentence
    return next((one for one in sentences if len(one.words) > 3), next(iter(sentences), None))


def question(sentences: Sequence[Sentence]) -> Sentence | None:
    """The first question that is more than a `yes?`."""
    asked = (one for one in sentences if one.text.rstrip().endswith(("?", "？", "؟")))
    return next((one for one in asked if len(one.words) > 2), None)


def success(spoken: Conversation, customer: Lexicon, agent: Lexicon) -> float:
    """Above 0 when the cues say that the matter was solved; the end of a call counts most."""
    total = 0.0
    last = max(1, len(spoken.sentences) - 1)
    for number, sentence in enumerate(spoken.sentences):
        lexicon = agent if sentence.side is Side.AGENT else customer
        cues = sum(found.value for found in lexicon.resolved.find(sentence.words))
        total += max(-1.0, min(1.0, cues)) * (0.5 + _DECISIVE * number / last)
    return total


def statements(sentences: Sequence[Sentence]) -> Sequence[Sentence]:
    """What was told rather than asked; everything when all of it was asked."""
    return [one for one in sentences if not one.text.endswith("?")] or sentences


def action(sentences: Sequence[Sentence], lexicon: Lexicon) -> Sentence | None:
    """What the agent did: the last statement with a cue of success, else of failure."""
    told = [one for one in sentences if not one.text.endswith("?")]
    cued = [(one, _success(one, lexicon)) for one in told]
    for wanted in (1, -1):
        for sentence, sign in reversed(cued):
            if sign == wanted and len(sentence.words) > 3:
                return sentence
    return next((one for one in reversed(told) if len(one.words) > 5), None)


def _success(sentence: Sentence, lexicon: Lexicon) -> int:
    total = sum(found.value for found in lexicon.resolved.find(sentence.words))
    return (total > 0) - (total < 0)
