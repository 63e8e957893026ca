"""Findings with a closed set of values; each knows what else it may be called."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_UNDECIDED = (
    "other",
    "unknown",
    "unclear",
    "none",
    "general",
    "neutral",
    "und",
    "not_applicable",
)
_CLEAR = 0.18
_STEM = 5


@dataclass(frozen=True, slots=True)
class Choice:
    """One finding; the first name is our own, the others are ever more general."""

    names: tuple[str, ...]

    @property
    def value(self) -> str:
        return self.names[0]


@lru_cache(maxsize=1024)
def nearest(names: tuple[str, ...], allowed: tuple[str, ...]) -> str:
    """By equal name, by related name, by a value that says `undecided`, else the first."""
    for are_near, wanted in ((_equal, names), (_related, names), (_equal, _UNDECIDED)):
        for name in wanted:
            for value in allowed:
                if are_near(_parts(name), _parts(value)):
                    return value
    return allowed[0]


def plain(value: Any) -> Any:
    """The same findings with our own names in place of choices."""
    if isinstance(value, Choice):
        return value.value
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


def _parts(name: str) -> list[str]:
    return re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())


def _equal(one: list[str], other: list[str]) -> bool:
    return one == other


def _related(one: list[str], other: list[str]) -> bool:
    """They share a word, or the beginning of a long one: `cancel` and `cancellation`."""
    return any(a == b or (len(a) >= _STEM and a[:_STEM] == b[:_STEM]) for a in one for b in other)


INTENTS: Mapping[str, Choice] = {
    "billing": Choice(("billing", "billing_error", "invoice", "payment", "complaint")),
    "refund": Choice(("refund", "return", "billing", "payment", "complaint")),
    "cancellation": Choice(("cancellation", "cancel_contract", "termination", "churn", "change")),
    "technical_problem": Choice(
        (
            "technical_problem",
            "technical_support",
            "technical_issue",
            "support",
            "fault",
            "outage",
        )
    ),
    "order_status": Choice(("order_status", "delivery", "shipping", "order", "inquiry")),
    "address_change": Choice(
        ("address_change", "change", "account_change", "account", "update", "inquiry")
    ),
    "appointment": Choice(("appointment", "booking", "scheduling", "service", "inquiry")),
    "booking": Choice(("booking", "reservation", "purchase", "order", "inquiry")),
    "complaint": Choice(("complaint", "dissatisfaction", "feedback")),
    "praise": Choice(("praise", "feedback", "compliment", "other")),
    "product_question": Choice(
        ("product_question", "inquiry", "information", "question", "product")
    ),
    "sim_card": Choice(("sim_card", "sim_swap", "change", "technical_support", "account")),
    "insurance_claim": Choice(("insurance_claim", "claim", "claims", "service", "inquiry")),
    "payment": Choice(("payment", "billing", "account")),
    "account_access": Choice(("account_access", "account", "login", "technical_support")),
    "fraud_or_loss": Choice(("fraud_or_loss", "fraud", "security", "account", "complaint")),
    "plan_change": Choice(("plan_change", "change", "upgrade", "contract", "sales", "account")),
    "purchase": Choice(("purchase", "order", "sales", "inquiry")),
    "other": Choice(("other", "inquiry")),
}

_TONES = {
    "angry": Choice(("angry", "hostile", "frustrated", "upset", "negative")),
    "frustrated": Choice(("frustrated", "annoyed", "upset", "irritated", "angry", "negative")),
    "friendly": Choice(("friendly", "warm", "cheerful", "polite", "positive")),
    "calm": Choice(("calm", "professional", "neutral", "polite")),
    "neutral": Choice(("neutral", "calm", "formal", "factual")),
}


def sentiment(score: float) -> Choice:
    """From a feeling between -1 and 1."""
    if score > _CLEAR:
        return Choice(("positive", "satisfied", "happy"))
    return Choice(("negative", "dissatisfied", "unhappy") if score < -_CLEAR else ("neutral",))


def tone(incoming: float, outgoing: float, overall: float) -> Choice:
    """Of the customer, over the whole call."""
    if overall < -0.6:
        return _TONES["angry"]
    if overall < -_CLEAR or outgoing < -0.4:
        return _TONES["frustrated"]
    if overall > 0.6:
        return _TONES["friendly"]
    return _TONES["calm"] if incoming < -_CLEAR < outgoing else _TONES["neutral"]


def category(name: str) -> Choice:
    """Of a product."""
    return Choice((name, *_CATEGORIES.get(name, ()), "other"))


_CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "telecom": ("internet", "mobile", "connectivity", "communication", "service"),
    "device": ("hardware", "electronics", "equipment"),
    "banking": ("finance", "financial", "account", "card"),
    "insurance": ("finance", "financial"),
    "travel": ("hospitality", "transport", "booking"),
    "food": ("restaurant", "hospitality", "gastronomy"),
    "retail": ("goods", "order", "shopping", "merchandise"),
    "health": ("medical", "care"),
    "housing": ("property", "real_estate", "home"),
    "energy": ("utility", "utilities"),
    "media": ("entertainment", "subscription"),
    "vehicle": ("mobility", "transport", "automotive"),
    "software": ("digital", "application", "technology"),
    "event": ("entertainment", "leisure"),
}
