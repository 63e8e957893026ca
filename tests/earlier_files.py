"""Prediction files as the earlier system wrote them."""

import base64
import json
from typing import Any

from tests.analysis.making import ANSWER


def composite_key(row: dict[str, Any]) -> str:
    """Return the key of a source row: its token in base64, and its interaction id."""
    token = base64.b64encode(row["phone_number_token"].encode()).decode()
    return f"{token}|{row['interactionId']}"


def line_of_key(key: str) -> str:
    """Return a prediction line with an answer for this key."""
    part = {"text": json.dumps(ANSWER | {"callSummary": "A short call."})}
    candidate = {"content": {"parts": [part]}, "finishReason": "STOP"}
    return json.dumps({"key": key, "status": "", "response": {"candidates": [candidate]}})
