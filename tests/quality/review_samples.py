"""Samples of answers for the review page, without a database."""

from typing import Any

from analysis import load_analysis
from troupe.operations.quality.review_sample import ReviewRecord, ReviewSample, Stratum
from troupe.quality.review_columns import review_columns

REVIEW = load_analysis("call_review_v1")
ANSWER: dict[str, Any] = {
    "call_summary": "The customer cannot connect the router; a refund was promised.",
    "call_sentiment_incoming": "negative",
    "call_sentiment_outgoing": "positive",
    "call_sentiment_summary": None,
    "call_tone": "calm",
    "language_code": "en",
    "reason_for_call_summary": "A broken router.",
    "reason_for_call_intent": "technical_support",
    "reason_for_call_inquiry_question": "When will it work?",
    "reason_for_call_product": "Router",
    "reason_for_call_product_category": None,
    "agent_response_resolved": True,
    "agent_response_summary": "A new router is sent.",
    "agent_response_action": "send a router",
    "products": [{"name": "Router", "context": None}],
}
TRANSCRIPT = "CUSTOMER: I cannot CONNECT my router.\nAGENT: A new Router is on its way, customer."


def record(number: int, transcript: str | None = TRANSCRIPT, **answer: Any) -> ReviewRecord:
    return ReviewRecord(
        record_id=f"{number:032x}",
        stratum="random",
        weight=4.0,
        grade="exact",
        grounding=0.5,
        attributes=None,
        transcript=transcript,
        answer=ANSWER | answer,
    )


def sample(*records: ReviewRecord) -> ReviewSample:
    found = records or tuple(record(number) for number in range(3))
    return ReviewSample(
        sample_id="0123456789ab",
        run_id="r1",
        analysis=REVIEW.name,
        model=REVIEW.model,
        answered_by="stand-in",
        by="random",
        against=None,
        seed="0",
        asked=len(found),
        eligible=12,
        strata=[Stratum(stratum="random", rows=12, sampled=len(found))],
        strata_left_out=0,
        is_over=True,
        columns=review_columns(REVIEW),
        records=[*found],
    )
