"""Builders of answers and prediction lines for the tests of this package."""

import json
import os
from collections.abc import Mapping
from typing import Any

import msgspec
from hypothesis import HealthCheck, settings
from msgspec import UNSET

from analysis import Analysis, Reader, Reading, Request, load_analysis, render

CALL_REVIEW = load_analysis("call_review_v1")
RECORD = "0123456789abcdef" * 2
OTHER = "f" * 32

ANSWER: dict[str, Any] = {
    "callSummary": "A customer (VIP) asked why order #123 was late.",
    "callSentiment": {"incoming": "negative", "outgoing": "positive"},
    "callSentimentSummary": "The delay annoyed them.",
    "callTone": "frustrated",
    "languageCode": "de-AT",
    "reasonForCall": {
        "summary": "A late order.",
        "intent": "delivery",
        "inquiryQuestion": "Where is it?",
        "product": "65 inch screen",
        "productCategory": "television",
    },
    "agentResponse": {"resolved": True, "summary": "Traced it.", "action": "New date."},
    "products": [{"name": "65 inch screen", "context": "ordered last week"}],
}


FUZZ = int(os.environ.get("TROUPE_FUZZ", "0"))
"""Factor of the usual number of examples; when set, every run takes different ones."""


def held(examples: int) -> settings:
    """Settings of a property: fixed examples in a test run, many random ones in `make fuzz`."""
    if not FUZZ:
        return settings(deadline=None, derandomize=True, max_examples=examples)
    slow = [HealthCheck.too_slow]
    return settings(deadline=None, max_examples=examples * FUZZ, suppress_health_check=slow)


def answer(**changed: Any) -> dict[str, Any]:
    """The usual answer with some fields changed; `...` removes one."""
    fields = {**ANSWER, **changed}
    return {name: value for name, value in fields.items() if value is not ...}


def candidate(text: str, finish: str | None = "STOP") -> dict[str, Any]:
    """A candidate of one part."""
    made: dict[str, Any] = {"content": {"role": "model", "parts": [{"text": text}]}}
    return made if finish is None else {**made, "finishReason": finish}


def echo(transcript: str = "Hello?", record: str = RECORD) -> dict[str, Any]:
    """The echoed request of a record."""
    (line,) = render(CALL_REVIEW, [Request(record, transcript, 2048)])
    request: dict[str, Any] = json.loads(line)["request"]
    return request


def prediction(text: str = "", **fields: Any) -> bytes:
    """A line of a prediction file; `...` removes a field."""
    line = {
        "status": "",
        "processed_time": "2026-11-01T18:13:16.82+00:00",
        "key": f"k-{RECORD}",
        "request": echo(),
        "response": {"candidates": [candidate(text)], "modelVersion": "gemini-3.5-flash-lite"},
        **fields,
    }
    kept = {name: value for name, value in line.items() if value is not ...}
    return json.dumps(kept, ensure_ascii=False).encode("utf-8", "surrogatepass")


def read(text: str | Mapping[str, Any] = "", **fields: Any) -> Reading:
    """The reading of a line with this answer."""
    if not isinstance(text, str):
        text = json.dumps(text, ensure_ascii=False)
    return Reader(CALL_REVIEW).read_line(prediction(text, **fields), 1)[0]


def columns_of(reading: Reading, analysis: Analysis = CALL_REVIEW) -> dict[str, Any]:
    """The columns of an answer, as the closing flattens it; empty for an error."""
    if reading.answer is UNSET:
        return {}
    return {
        name: _at(msgspec.json.decode(reading.answer), analysis, path)
        for name, path in analysis.columns.items()
    }


def _at(value: Any, analysis: Analysis, path: str) -> Any:
    node = analysis.contract.root
    for name in path.split("."):
        node = (node.properties or {})[name]
        value = (value or {}).get(name)
    if node.items is None or value is None:
        return [] if node.items else value
    names = node.items.properties
    return [{n: each.get(n) for n in names} for each in value] if names else value


def finished(finish: str | None, text: str | None = None) -> Reading:
    """The reading of a valid answer with this finish reason."""
    text = json.dumps(ANSWER) if text is None else text
    return read(response={"candidates": [candidate(text, finish)]})
