"""The baseline: the algorithms of the requirements, written directly.

Reading: the whole file as one text, split, `json.loads` for each line, json_repair on every
answer, `json.loads` again, a dict for each row, every value converted for the table, bodies of
a hundred rows as the client library builds them. Left out is what the requirements do besides:
regular expressions over broken lines, keys decoded twice, the lookup and its columns. Writing:
a dict for each request, an f-string for its prompt, `json.dumps`, everything joined to one text.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import uuid4

from json_repair import repair_json

from analysis import Analysis, Request
from analysis.template import RECORD, TRANSCRIPT

ROWS_PER_BODY = 100


def read_plainly(path: Path) -> tuple[int, int]:
    """Read a file step by step as required; returns the rows and the bytes of the bodies."""
    # A line of the samples may break off within a character.
    extracted = _extracted(path.read_text(encoding="utf-8", errors="replace"))
    parsed = {key: (content, json.loads(text)) for key, (content, text) in extracted.items()}
    rows = [
        {name: _converted(value) for name, value in _columns(key, *answer).items()}
        for key, answer in parsed.items()
        if isinstance(answer[1], dict)
    ]
    bodies = [
        json.dumps(
            {"rows": [{"insertId": str(uuid4()), "json": row} for row in rows[at : at + 100]]}
        )
        for at in range(0, len(rows), ROWS_PER_BODY)
    ]
    return len(rows), sum(map(len, bodies))


def _extracted(content: str) -> dict[str, tuple[dict[str, Any], str]]:
    """The response (for its token counts) and the repaired text of each key."""
    extracted = {}
    for line in content.split("\n"):
        try:
            row = json.loads(line)
            response = row["response"]
            text = response["candidates"][0]["content"]["parts"][0]["text"]
            extracted[row["key"]] = (response, repair_json(text))
        except (ValueError, KeyError, TypeError, IndexError):
            continue
    return extracted


def _converted(value: Any) -> Any:
    """The value as the table stores it; null stays null."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return json.dumps(value)


def _columns(key: str, response: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    sentiment, reason, reply = (
        value if isinstance(value := answer.get(name), dict) else {}
        for name in ("callSentiment", "reasonForCall", "agentResponse")
    )
    usage = response["usageMetadata"]
    return {
        "key": key,
        "finish_reason": response["candidates"][0]["finishReason"],
        "model_version": response["modelVersion"],
        "prompt_tokens": usage.get("promptTokenCount"),
        "output_tokens": usage.get("candidatesTokenCount"),
        "call_summary": answer.get("callSummary"),
        "call_sentiment_incoming": sentiment.get("incoming"),
        "call_sentiment_outgoing": sentiment.get("outgoing"),
        "call_sentiment_summary": answer.get("callSentimentSummary"),
        "call_tone": answer.get("callTone"),
        "language_code": answer.get("languageCode"),
        "reason_for_call_summary": reason.get("summary"),
        "reason_for_call_intent": reason.get("intent"),
        "reason_for_call_inquiry_question": reason.get("inquiryQuestion"),
        "reason_for_call_product": reason.get("product"),
        "reason_for_call_product_category": reason.get("productCategory"),
        "agent_response_resolved": reply.get("resolved"),
        "agent_response_summary": reply.get("summary"),
        "agent_response_action": reply.get("action"),
        "products": answer.get("products"),
    }


def write_plainly(analysis: Analysis, requests: Iterable[Request]) -> str:
    """Render all lines of a request file as one text."""
    lines = [json.dumps(_line(analysis, request)) for request in requests]
    return "\n".join(lines)


def _line(analysis: Analysis, request: Request) -> dict[str, Any]:
    prompt = analysis.user.replace(RECORD, request.record_id)
    return {
        "key": f"k-{request.record_id}",
        "request": {
            "contents": [
                {
                    "role": "user",
                    "parts": [{"text": prompt.replace(TRANSCRIPT, request.transcript)}],
                }
            ],
            "systemInstruction": {"parts": [{"text": analysis.system}]},
            "generationConfig": {
                "responseMimeType": "application/json",
                "responseSchema": analysis.schema,
                "maxOutputTokens": request.max_output_tokens,
                "thinkingConfig": {"thinkingLevel": analysis.thinking_level},
            },
            "labels": {"record": f"k-{request.record_id}"},
        },
    }
