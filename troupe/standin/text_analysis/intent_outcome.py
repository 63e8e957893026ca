"""Find the intent of a call, its request, its question and its outcome, by cue words."""

from collections import Counter
from collections.abc import Sequence

from troupe.standin.text_analysis.conversation import Conversation, Sentence, Side
from troupe.standin.text_analysis.lexicon import Lexicon

OTHER = "other"
QUESTION = "product_question"
_WISHES = {
    **dict.fromkeys(("food", "retail", "device", "software", "media", "telecom"), "purchase"),
    **dict.fromkeys(("travel", "event", "housing", "vehicle"), "booking"),
    "health": "appointment",
}
_EARLY = 6
"""Cues within so many first sentences count three times."""
_END_WEIGHT = 1.5
"""What the last sentence counts more than the first."""


def intent(spoken: Conversation, customer: Lexicon, agent: Lexicon) -> str:
    """The intent with the most cues: of the customer, else of what is asked for, else of the agent.

    A question without any cue is an inquiry; `other` is left for the rest.
    """
    said = spoken.customer or spoken.sentences
    return (
        _most_cues(said, customer)
        or _wish(said, customer)
        or _most_cues(spoken.agent, agent)
        or (QUESTION if _asks(said, customer) else OTHER)
    )


def _most_cues(sentences: Sequence[Sentence], lexicon: Lexicon) -> str | None:
    votes: Counter[str] = Counter()
    for number, sentence in enumerate(sentences):
        early = 3 if number < _EARLY else 1
        for _, length, intent in lexicon.intent.find(sentence.words):
            votes[intent] += early * length
    return votes.most_common(1)[0][0] if votes else None


def _wish(sentences: Sequence[Sentence], lexicon: Lexicon) -> str | None:
    """A product that is asked for is a purchase or a booking, by the category of the product."""
    for sentence in sentences:
        if lexicon.wish.find(sentence.words):
            for _, _, category in lexicon.product.find(sentence.words):
                return _WISHES.get(category, QUESTION)
    return None


def _asks(sentences: Sequence[Sentence], lexicon: Lexicon) -> bool:
    """Whether there is a question of more than two words, also without its sign."""
    if customer_question(sentences) is not None:
        return True
    return any(
        len(one.words) > 2 and any(cue.at == 0 for cue in lexicon.question.find(one.words))
        for one in sentences
    )


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
