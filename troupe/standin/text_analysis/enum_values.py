"""Values for enum properties, with synonyms, so that they fit the enum of any schema."""

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
_THRESHOLD = 0.18
"""Sentiment between -0.18 and 0.18 is neutral."""
_STEM = 5
"""Words that share so many first letters count as related."""


@dataclass(frozen=True, slots=True)
class EnumValue:
    """One value: our own name first, then synonyms from close to general."""

    names: tuple[str, ...]

    @property
    def value(self) -> str:
        return self.names[0]


@lru_cache(maxsize=1024)
def nearest(names: tuple[str, ...], allowed: tuple[str, ...]) -> str:
    """The first allowed value with an equal name, a related name, or the meaning `undecided`.

    The first value of all when there is none.
    """
    for are_near, wanted in ((_equal, names), (_related, names), (_equal, _UNDECIDED)):
        for name in wanted:
            for value in allowed:
                if are_near(_parts(name), _parts(value)):
                    return value
    return allowed[0]


def plain(value: Any) -> Any:
    """The same structure with our own name in place of each `EnumValue`."""
    if isinstance(value, EnumValue):
        return value.value
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


def _parts(name: str) -> list[str]:
    return re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())


def _equal(one: list[str], other: list[str]) -> bool:
    return one == other


def _related(one: list[str], other: list[str]) -> bool:
    """They share a word, or the first letters of one: `cancel` and `cancellation`."""
    return any(a == b or (len(a) >= _STEM and a[:_STEM] == b[:_STEM]) for a in one for b in other)


INTENTS: Mapping[str, EnumValue] = {
    "billing": EnumValue(("billing", "billing_error", "invoice", "payment", "complaint")),
    "refund": EnumValue(("refund", "return", "billing", "payment", "complaint")),
    "cancellation": EnumValue(
        ("cancellation", "cancel_contract", "termination", "churn", "change")
    ),
    "technical_problem": EnumValue(
        (
            "technical_problem",
            "technical_support",
            "technical_issue",
            "support",
            "fault",
            "outage",
        )
    ),
    "order_status": EnumValue(("order_status", "delivery", "shipping", "order", "inquiry")),
    "address_change": EnumValue(
        ("address_change", "change", "account_change", "account", "update", "inquiry")
    ),
    "appointment": EnumValue(("appointment", "booking", "scheduling", "service", "inquiry")),
    "booking": EnumValue(("booking", "reservation", "purchase", "order", "inquiry")),
    "complaint": EnumValue(("complaint", "dissatisfaction", "feedback")),
    "praise": EnumValue(("praise", "feedback", "compliment", "other")),
    "product_question": EnumValue(
        ("product_question", "inquiry", "information", "question", "product")
    ),
    "sim_card": EnumValue(("sim_card", "sim_swap", "change", "technical_support", "account")),
    "insurance_claim": EnumValue(("insurance_claim", "claim", "claims", "service", "inquiry")),
    "payment": EnumValue(("payment", "billing", "account")),
    "account_access": EnumValue(("account_access", "account", "login", "technical_support")),
    "fraud_or_loss": EnumValue(("fraud_or_loss", "fraud", "security", "account", "complaint")),
    "plan_change": EnumValue(("plan_change", "change", "upgrade", "contract", "sales", "account")),
    "purchase": EnumValue(("purchase", "order", "sales", "inquiry")),
    "other": EnumValue(("other", "inquiry")),
}

_TONES = {
    "angry": EnumValue(("angry", "hostile", "frustrated", "upset", "negative")),
    "frustrated": EnumValue(("frustrated", "annoyed", "upset", "irritated", "angry", "negative")),
    "friendly": EnumValue(("friendly", "warm", "cheerful", "polite", "positive")),
    "calm": EnumValue(("calm", "professional", "neutral", "polite")),
    "neutral": EnumValue(("neutral", "calm", "formal", "factual")),
}


def sentiment(score: float) -> EnumValue:
    """The sentiment of a score between -1 and 1."""
    if score > _THRESHOLD:
        return EnumValue(("positive", "satisfied", "happy"))
    return EnumValue(
        ("negative", "dissatisfied", "unhappy") if score < -_THRESHOLD else ("neutral",)
    )


def tone(incoming: float, outgoing: float, overall: float) -> EnumValue:
    """The customer's tone over the whole call, from three scores between -1 and 1."""
    if overall < -0.6:
        return _TONES["angry"]
    if overall < -_THRESHOLD or outgoing < -0.4:
        return _TONES["frustrated"]
    if overall > 0.6:
        return _TONES["friendly"]
    return _TONES["calm"] if incoming < -_THRESHOLD < outgoing else _TONES["neutral"]


def category(name: str) -> EnumValue:
    """The category of a product, with synonyms."""
    return EnumValue((name, *_CATEGORIES.get(name, ()), "other"))


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
