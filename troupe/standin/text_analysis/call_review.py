"""The analysis of one conversation, in the shape of the schema of `call_review_v1`."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from troupe.standin.text_analysis import intent_outcome
from troupe.standin.text_analysis.conversation import Conversation, Sentence, conversation
from troupe.standin.text_analysis.enum_values import (
    INTENTS,
    EnumValue,
    category,
    plain,
    sentiment,
    tone,
)
from troupe.standin.text_analysis.language_detection import UNKNOWN, detect_language
from troupe.standin.text_analysis.lexicon import Lexicon, lexicon
from troupe.standin.text_analysis.products import Product, products
from troupe.standin.text_analysis.sentiment import feeling, first_third, last_third
from troupe.standin.text_analysis.summary import central, clip, framed

_NOTHING = "The transcript holds no words."


def analyse(transcript: str) -> dict[str, Any]:
    """Analyse one transcript; properties without evidence are left out, except the summary."""
    answer: dict[str, Any] = plain(review(transcript))
    return answer


def review(transcript: str) -> dict[str, Any]:
    """The same, with an `EnumValue` for each enum property, to be fitted to the schema's enum."""
    return CallAnalysis(conversation(transcript)).answer()


@dataclass(frozen=True)
class CallAnalysis:
    """One conversation, with each result computed at its first use."""

    spoken: Conversation

    @cached_property
    def customer_side(self) -> list[Sentence]:
        """The customer's sentences; all sentences when the customer is silent."""
        return self.spoken.customer or self.spoken.sentences

    @cached_property
    def language(self) -> str:
        return _language(self.customer_side)

    @cached_property
    def customer(self) -> Lexicon:
        return lexicon(self.language)

    @cached_property
    def agent(self) -> Lexicon:
        """The lexicon of the agent's language, which may be another than the customer's."""
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
        return intent_outcome.success(self.spoken, self.customer, self.agent)

    @cached_property
    def resolved(self) -> bool:
        """Without any cue the request counts as solved unless the customer ends negative."""
        return self.success > 0 or (self.success == 0 and self.outgoing >= 0)

    def answer(self) -> dict[str, Any]:
        """Every result, in the order of the schema."""
        if not any(sentence.words for sentence in self.spoken.sentences):
            return {
                "callSummary": _NOTHING,
                "languageCode": EnumValue((UNKNOWN, "other", "unknown")),
            }
        return {
            "callSummary": self._summary(),
            "callSentiment": {
                "incoming": sentiment(self.incoming),
                "outgoing": sentiment(self.outgoing),
            },
            "callSentimentSummary": self._sentiment_summary(),
            "callTone": tone(self.incoming, self.outgoing, self.overall),
            "languageCode": EnumValue((self.language, "other", "unknown")),
            "reasonForCall": self._reason(),
            "agentResponse": self._response(),
            "products": [
                {"name": one.name, "context": clip(one.context)} for one in self._products
            ],
        }

    def _summary(self) -> str:
        customer = central(self.spoken.customer, self.customer)
        return framed(customer, self._agent_summary)

    def _sentiment_summary(self) -> str:
        before, after = sentiment(self.incoming).value, sentiment(self.outgoing).value
        change = f"stays {before}" if before == after else f"turns from {before} to {after}"
        return f"The customer {change}; last words: {clip(self.customer_side[-1].text)}"

    def _reason(self) -> dict[str, Any]:
        intents = intent_outcome.intents(self.customer_side, self.customer)
        intent = intents[0] if intents else intent_outcome.OTHER
        wanted = intent_outcome.request(self.customer_side, self.customer, intent)
        question = intent_outcome.customer_question(self.customer_side)
        reason: dict[str, Any] = {"intent": INTENTS[intent]}
        if wanted is not None:
            reason["summary"] = clip(wanted.text)
        if question is not None:
            reason["inquiryQuestion"] = clip(question.text)
        if self._products:
            reason["product"] = self._products[0].name
            reason["productCategory"] = category(self._products[0].category)
        return reason

    def _response(self) -> dict[str, Any]:
        response: dict[str, Any] = {"resolved": self.resolved}
        action = intent_outcome.action(self.spoken.agent, self.agent)
        if self._agent_summary:
            response["summary"] = self._agent_summary[0]
        if action is not None:
            response["action"] = clip(action.text)
        return response

    @cached_property
    def _agent_summary(self) -> list[str]:
        return central(intent_outcome.statements(self.spoken.agent), self.agent)

    @cached_property
    def _products(self) -> Sequence[Product]:
        return products(self.customer_side, self.customer)


def _language(sentences: Sequence[Sentence]) -> str:
    tokens = [word for sentence in sentences for word in sentence.words]
    return detect_language(tokens, " ".join(sentence.text for sentence in sentences))
