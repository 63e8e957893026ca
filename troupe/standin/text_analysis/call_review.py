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
from troupe.standin.text_analysis.personal_spans import masked, names_in
from troupe.standin.text_analysis.products import Product, products
from troupe.standin.text_analysis.sentiment import feeling, third, weights
from troupe.standin.text_analysis.summary import central, clip, framed

_NOTHING = "The transcript holds no words."


def analyse(transcript: str) -> dict[str, Any]:
    """Analyse one transcript; properties without evidence are left out, except the summary."""
    answer: dict[str, Any] = plain(review(transcript))
    return answer


def review(transcript: str) -> dict[str, Any]:
    """The same, with an `EnumValue` for each enum property, to be fitted to the schema's enum.

    What the transcript does not say is None.
    """
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
    def names(self) -> frozenset[str]:
        """The words of all names of persons."""
        return names_in(self.spoken.sentences, self.customer.stop | self.agent.stop)

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
    def _quoted(self) -> dict[str, str]:
        """Sentences that were masked: most of them are quoted more than once."""
        return {}

    @cached_property
    def _weights(self) -> list[float]:
        return weights(self.customer_side, self.customer)

    @cached_property
    def incoming(self) -> float:
        return feeling(self._weights[: third(self._weights)])

    @cached_property
    def outgoing(self) -> float:
        return feeling(self._weights[-third(self._weights) :])

    @cached_property
    def success(self) -> float:
        return intent_outcome.success(self.spoken, self.customer, self.agent)

    @property
    def resolved(self) -> bool | None:
        """Whether the request was solved; None when no agent spoke, or nothing says so."""
        if not self.success or not any(sentence.words for sentence in self.spoken.agent):
            return None
        return self.success > 0

    def quoted(self, text: str) -> str:
        """A sentence as it may stand in the answer: short, and without personal spans."""
        if text not in self._quoted:
            self._quoted[text] = clip(masked(text, self.names))
        return self._quoted[text]

    def answer(self) -> dict[str, Any]:
        """Every result, in the order of the schema."""
        if not any(sentence.words for sentence in self.spoken.sentences):
            return {
                "callSummary": _NOTHING,
                "languageCode": EnumValue((UNKNOWN, "other", "unknown")),
            }
        return {
            "callSummary": self._summary(),
            **self._feelings(),
            "languageCode": EnumValue((self.language, "other", "unknown")),
            "reasonForCall": self._reason() if self._has_reason else None,
            "agentResponse": self._response(),
            "products": [
                {"name": masked(one.name, self.names), "context": self.quoted(one.context)}
                for one in self._products
            ],
        }

    def _summary(self) -> str:
        customer = central(self.spoken.customer, self.customer)
        return framed([self.quoted(text) for text in customer], self._agent_summary)

    def _feelings(self) -> dict[str, Any]:
        """What the customer felt; nothing is said of a customer who was silent."""
        if not self.spoken.customer:
            return dict.fromkeys(("callSentiment", "callSentimentSummary", "callTone"))
        before, after = sentiment(self.incoming), sentiment(self.outgoing)
        stays = before == after
        change = f"stays {before.value}" if stays else f"turns from {before.value} to {after.value}"
        last = self.quoted(self.spoken.customer[-1].text)
        return {
            "callSentiment": {"incoming": before, "outgoing": after},
            "callSentimentSummary": f"The customer {change}; last words: {last}",
            "callTone": tone(self.incoming, self.outgoing, feeling(self._weights)),
        }

    @property
    def _has_reason(self) -> bool:
        """Whether the customer said more than a greeting."""
        said = (word for sentence in self.spoken.customer for word in sentence.words)
        return any(word not in self.customer.stop for word in said)

    def _reason(self) -> dict[str, Any]:
        intent = intent_outcome.intent(self.spoken, self.customer, self.agent)
        wanted = intent_outcome.request(self.customer_side, self.customer, intent)
        question = intent_outcome.customer_question(self.customer_side)
        reason: dict[str, Any] = {"intent": INTENTS[intent]}
        if wanted is not None:
            reason["summary"] = self.quoted(wanted.text)
        if question is not None:
            reason["inquiryQuestion"] = self.quoted(question.text)
        if self._products:
            reason["product"] = masked(self._products[0].name, self.names)
            reason["productCategory"] = category(self._products[0].category)
        return reason

    def _response(self) -> dict[str, Any]:
        response: dict[str, Any] = {"resolved": self.resolved}
        action = intent_outcome.action(self.spoken.agent, self.agent)
        if self._agent_summary:
            response["summary"] = self._agent_summary[0]
        if action is not None:
            response["action"] = self.quoted(action.text)
        return response

    @cached_property
    def _agent_summary(self) -> list[str]:
        statements = intent_outcome.statements(self.spoken.agent)
        return [self.quoted(text) for text in central(statements, self.agent)]

    @cached_property
    def _products(self) -> Sequence[Product]:
        return products(self.customer_side, self.customer)


def _language(sentences: Sequence[Sentence]) -> str:
    tokens = [word for sentence in sentences for word in sentence.words]
    return detect_language(tokens, " ".join(sentence.text for sentence in sentences))
