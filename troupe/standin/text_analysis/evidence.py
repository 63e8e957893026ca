"""What a transcript says to a question that nobody foresaw."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property

from troupe.standin.text_analysis.review import Reading
from troupe.standin.text_analysis.summary import central
from troupe.standin.text_analysis.text import conversation, words


class Evidence:
    """Sentences, counts and cues of one transcript, looked up by the name of a field."""

    def __init__(self, transcript: str) -> None:
        self._transcript = transcript

    @cached_property
    def _reading(self) -> Reading:
        return Reading(conversation(self._transcript))

    @cached_property
    def _counts(self) -> Counter[str]:
        spoken = self._reading.spoken.sentences
        return Counter(word for sentence in spoken for word in sentence.words)

    @property
    def success(self) -> bool:
        return self._reading.resolved

    def strings(self, name: str, most: int) -> Sequence[str]:
        """Telling sentences, of the agent where the field's name says so."""
        reading = self._reading
        if "agent" in name.lower() and reading.spoken.agent:
            return central(reading.spoken.agent, reading.agent, most)
        return central(reading.customer_side, reading.customer, most)

    def best_of(self, allowed: Sequence[str]) -> str:
        """The value whose words occur most; the first when none does."""
        return max(allowed, key=lambda value: sum(self._counts[word] for word in words(value)))

    def count(self, name: str) -> int:
        """How many turns' sentences there are, or how often the field's own words occur."""
        said = sum(self._counts[word] for word in words(name.replace("_", " ")))
        return said or len(self._reading.spoken.sentences)
