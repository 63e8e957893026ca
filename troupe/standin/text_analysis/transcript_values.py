"""Derive values for properties of an unknown schema from a transcript."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property

from troupe.standin.text_analysis.call_review import CallAnalysis
from troupe.standin.text_analysis.conversation import conversation, words
from troupe.standin.text_analysis.summary import central


class TranscriptValues:
    """Sentences, word counts and cues of one transcript, looked up by a property's name."""

    def __init__(self, transcript: str) -> None:
        self._transcript = transcript

    @cached_property
    def _analysis(self) -> CallAnalysis:
        return CallAnalysis(conversation(self._transcript))

    @cached_property
    def _counts(self) -> Counter[str]:
        spoken = self._analysis.spoken.sentences
        return Counter(word for sentence in spoken for word in sentence.words)

    @property
    def success(self) -> bool:
        """Whether the cues say that the request was solved; a schema may not allow null."""
        return bool(self._analysis.resolved)

    def strings(self, name: str, most: int) -> Sequence[str]:
        """Central sentences, of the agent when the property's name contains `agent`."""
        analysis = self._analysis
        if "agent" in name.lower() and analysis.spoken.agent:
            texts = central(analysis.spoken.agent, analysis.agent, most)
        else:
            texts = central(analysis.customer_side, analysis.customer, most)
        return [analysis.quoted(text) for text in texts]

    def best_of(self, allowed: Sequence[str]) -> str:
        """The allowed value whose words occur most often; the first when none occurs."""
        return max(allowed, key=lambda value: sum(self._counts[word] for word in words(value)))

    def count(self, name: str) -> int:
        """How often the property's own words occur, or else the number of sentences."""
        occurrences = sum(self._counts[word] for word in words(name.replace("_", " ")))
        return occurrences or len(self._analysis.spoken.sentences)
