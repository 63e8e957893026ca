"""The analysis of one conversation, in the shape that the question to the model asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from troupe.standin.text_analysis import cues
from troupe.standin.text_analysis.choices import INTENTS, Choice, category, plain, sentiment, tone
from troupe.standin.text_analysis.language import UNKNOWN, language
from troupe.standin.text_analysis.lexicon import Lexicon, lexicon
from troupe.standin.text_analysis.products import Product, products
from troupe.standin.text_analysis.sentiment import feeling, first_third, last_third
from troupe.standin.text_analysis.summary import central, clip, framed
from troupe.standin.text_analysis.text import Conversation, Sentence, conversation

_NOTHING = "The transcript holds no words."


def analyse(transcript: str) -> dict[str, Any]:
    """Analyse one transcript; what has no evidence is left out, except the summary."""
    found: dict[str, Any] = plain(review(transcript))
    return found


def review(transcript: str) -> dict[str, Any]:
    """The same, with closed-set findings as `Choice`s that can be fitted to any set."""
    return Reading(conversation(transcript)).answer()


@dataclass(frozen=True)
class Reading:
    """One conversation with what was found in it so far."""

    spoken: Conversation

    @cached_property
    def customer_side(self) -> list[Sentence]:
        """A call where the customer says nothing is judged by what is there."""
        return self.spoken.customer or self.spoken.sentences

    @cached_property
    def language(self) -> str:
        return _language(self.customer_side)

    @cached_property
    def customer(self) -> Lexicon:
        return lexicon(self.language)

    @cached_property
    def agent(self) -> Lexicon:
        """Agents may answer in another language than they are asked in."""
        return lexicon(_language(self.spoken.agent))

    @cached_property
    def incoming(self) -> float:
        return feeling(first_third(self.customer_side), self.customer)

    @cached_property
    def outgoing(self) -> float:
        return feeling(last_third(self.customer_side), self.customer)

    @cached_property
    def overall(self) -> float:
        return feeling(self.customer_side, self.customer)

    @cached_property
    def success(self) -> float:
        return cues.success(self.spoken, self.customer, self.agent)

    @cached_property
    def resolved(self) -> bool:
        """Without any cue a customer who does not leave angry counts as served."""
        return self.success > 0 or (self.success == 0 and self.outgoing >= 0)

    def answer(self) -> dict[str, Any]:
        """Every finding, in the contract's order."""
        if not any(sentence.words for sentence in self.spoken.sentences):
            return {
                "callSummary": _NOTHING,
                "languageCode": Choice((UNKNOWN, "other", "unknown")),
            }
        return {
            "callSummary": self._summary(),
            "callSentiment": {
                "incoming": sentiment(self.incoming),
                "outgoing": sentiment(self.outgoing),
            },
            "callSentimentSummary": self._course(),
            "callTone": tone(self.incoming, self.outgoing, self.overall),
            "languageCode": Choice((self.language, "other", "unknown")),
            "reasonForCall": self._reason(),
            "agentResponse": self._response(),
            "products": [
                {"name": one.name, "context": clip(one.context)} for one in self._products
            ],
        }

    def _summary(self) -> str:
        customer = central(self.spoken.customer, self.customer)
        return framed(customer, self._agent_said)

    def _course(self) -> str:
        before, after = sentiment(self.incoming).value, sentiment(self.outgoing).value
        course = f"stays {before}" if before == after else f"turns from {before} to {after}"
        return f"The customer {course}; last words: {clip(self.customer_side[-1].text)}"

    def _reason(self) -> dict[str, Any]:
        found = cues.intents(self.customer_side, self.customer)
        intent = found[0] if found else cues.OTHER
        wanted = cues.request(self.customer_side, self.customer, intent)
        asked = cues.question(self.customer_side)
        reason: dict[str, Any] = {"intent": INTENTS[intent]}
        if wanted is not None:
            reason["summary"] = clip(wanted.text)
        if asked is not None:
            reason["inquiryQuestion"] = clip(asked.text)
        if self._products:
            reason["product"] = self._products[0].name
            reason["productCategory"] = category(self._products[0].category)
        return reason

    def _response(self) -> dict[str, Any]:
        response: dict[str, Any] = {"resolved": self.resolved}
        done = cues.action(self.spoken.agent, self.agent)
        if self._agent_said:
            response["summary"] = self._agent_said[0]
        if done is not None:
            response["action"] = clip(done.text)
        return response

    @cached_property
    def _agent_said(self) -> list[str]:
        return central(cues.statements(self.spoken.agent), self.agent)

    @cached_property
    def _products(self) -> Sequence[Product]:
        return products(self.customer_side, self.customer)


def _language(sentences: Sequence[Sentence]) -> str:
    said = [word for sentence in sentences for word in sentence.words]
    return language(said, " ".join(sentence.text for sentence in sentences))
