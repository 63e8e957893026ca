"""Find the intent of a call, its request, its question and its outcome, by cue words."""

from collections import Counter
from collections.abc import Sequence

from troupe.standin.text_analysis.conversation import Conversation, Sentence, Side
from troupe.standin.text_analysis.lexicon import Lexicon

OTHER = "other"
_EARLY = 6
"""Cues within so many first sentences count three times."""
_END_WEIGHT = 1.5
"""What the last sentence counts more than the first."""


def intents(sentences: Sequence[Sentence], lexicon: Lexicon) -> list[str]:
    """The intents that have cues, best first."""
    votes: Counter[str] = Counter()
    for number, sentence in enumerate(sentences):
        early = 3 if number < _EARLY else 1
        for _, length, intent in lexicon.intent.find(sentence.words):
            votes[intent] += early * length
    return [intent for intent, _ in votes.most_common()]


def request(sentences: Sequence[Sentence], lexicon: Lexicon, intent: str) -> Sentence | None:
    """The sentence with the request: the first with a cue of the intent, or of some length."""
    for sentence in sentences:
        if any(cue.value == intent for cue in lexicon.intent.find(sentence.words)):
            return sentence
    return next((one for one in sentences if len(one.words) > 3), next(iter(sentences), None))


def customer_question(sentences: Sequence[Sentence]) -> Sentence | None:
    """The first question of more than two words."""
    questions = (one for one in sentences if one.text.rstrip().endswith(("?", "？", "؟")))
    return next((one for one in questions if len(one.words) > 2), None)


def success(spoken: Conversation, customer: Lexicon, agent: Lexicon) -> float:
    """A score above 0 when the cues say that the request was solved; late sentences count most."""
    total = 0.0
    last = max(1, len(spoken.sentences) - 1)
    for number, sentence in enumerate(spoken.sentences):
        lexicon = agent if sentence.side is Side.AGENT else customer
        cues = sum(cue.value for cue in lexicon.resolved.find(sentence.words))
        total += max(-1.0, min(1.0, cues)) * (0.5 + _END_WEIGHT * number / last)
    return total


def statements(sentences: Sequence[Sentence]) -> Sequence[Sentence]:
    """The sentences that are not questions; all of them when there are only questions."""
    return [one for one in sentences if not one.text.endswith("?")] or sentences


def action(sentences: Sequence[Sentence], lexicon: Lexicon) -> Sentence | None:
    """The agent's action: the last statement with a cue of success, else of failure."""
    spoken = [one for one in sentences if not one.text.endswith("?")]
    with_sign = [(one, _success(one, lexicon)) for one in spoken]
    for wanted in (1, -1):
        for sentence, sign in reversed(with_sign):
            if sign == wanted and len(sentence.words) > 3:
                return sentence
    return next((one for one in reversed(spoken) if len(one.words) > 5), None)


def _success(sentence: Sentence, lexicon: Lexicon) -> int:
    total = sum(cue.value for cue in lexicon.resolved.find(sentence.words))
    return (total > 0) - (total < 0)
