"""Build a line of a prediction file from a line of a request file."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from analysis.models import STAND_IN
from troupe.standin import text_analysis

_FENCE = re.compile(r"^<(transcript-[^>\n]*)>[ \t]*\n?", re.MULTILINE)
_BYTES_PER_TOKEN = 4
_NULLS = ("fileData", "functionCall", "inlineData")
"""Properties that the service adds as null to each part of the echoed request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A model's answer to one request. With a `status` the row failed, and there is no text."""

    text: str = ""
    finish_reason: str | None = "STOP"
    """None: the model gave none."""
    status: str = ""
    prompt_tokens: int | None = None
    answer_tokens: int | None = None
    model: str | None = None
    """The model that answered; None: the one that the job names."""


Answerer = Callable[[Mapping[str, Any]], Answer]
"""Answers the `request` of a line; an error is returned as the answer's `status`."""


def analyst(request: Mapping[str, Any]) -> Answer:
    """Answer by rules from the transcript in the request, within the request's schema."""
    value = text_analysis.answer(response_schema(request), transcript_of(user_text(request)))
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return Answer(text=text, model=STAND_IN)


def response_schema(request: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The schema of the answer, in camel or snake case."""
    settings = _either(request, "generationConfig", "generation_config") or {}
    json_schema = _either(settings, "responseJsonSchema", "response_json_schema")
    schema: Mapping[str, Any] | None = json_schema or _either(
        settings, "responseSchema", "response_schema"
    )
    return schema


def user_text(request: Mapping[str, Any]) -> str:
    """The texts of all turns of the role `user`."""
    turns = request.get("contents") or []
    return "\n".join(text_of(turn) for turn in turns if turn.get("role", "user") == "user")


def system_text(request: Mapping[str, Any]) -> str:
    return text_of(_either(request, "systemInstruction", "system_instruction") or {})


def text_of(content: Mapping[str, Any]) -> str:
    """The texts of all parts, joined."""
    return "".join(str(part.get("text", "")) for part in content.get("parts") or [])


def transcript_of(text: str) -> str:
    """The text between the transcript's tags; the whole text when there are none.

    The last closing tag counts, because a transcript may contain a copy of it.
    """
    opening = _FENCE.search(text)
    if opening is None:
        return text
    end = text.rfind(f"</{opening[1]}>", opening.end())
    return text[opening.end() : end if end >= 0 else len(text)].strip("\n")


def prediction(
    row: Mapping[str, Any], answer: Answer, *, model: str, created_at: datetime, number: int
) -> dict[str, Any]:
    """The output line. Its times derive from the job and the line's number, so it is repeatable."""
    at = created_at + timedelta(seconds=1, milliseconds=37 * (number + 1))
    other = {key: _retyped(value) for key, value in row.items() if key != "request"}
    line: dict[str, Any] = {
        "status": answer.status,
        "processed_time": _short_time(at, number),
        "request": echo(row["request"]),
        "response": {} if answer.status else _response(row["request"], answer, model, at),
    }
    return line | other


def echo(request: Mapping[str, Any]) -> dict[str, Any]:
    """The request as the service echoes it, with added nulls and defaults."""
    echoed = dict(request)
    if "contents" in echoed:
        echoed["contents"] = [_echoed_content(content) for content in echoed["contents"]]
    if "systemInstruction" in echoed:
        echoed["systemInstruction"] = _echoed_content(echoed["systemInstruction"])
    settings = echoed.get("generationConfig")
    if isinstance(settings, dict):
        echoed["generationConfig"] = {"candidateCount": 1, **settings, "stopSequences": None}
    return echoed


def _echoed_content(content: Mapping[str, Any]) -> dict[str, Any]:
    nulls: dict[str, None] = dict.fromkeys(_NULLS)
    parts = [nulls | part for part in content.get("parts") or []]
    return {"role": None, **content, "parts": parts}


def _response(
    request: Mapping[str, Any], answer: Answer, model: str, at: datetime
) -> dict[str, Any]:
    digest = hashlib.blake2b(answer.text.encode(), digest_size=4).digest()
    reason = {} if answer.finish_reason is None else {"finishReason": answer.finish_reason}
    return {
        "candidates": [
            {
                "avgLogprobs": -0.05 - int.from_bytes(digest[:2]) / 131072,
                "content": {"parts": [{"text": answer.text}], "role": "model"},
                **reason,
            }
        ],
        "createTime": at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "modelVersion": answer.model or model.rsplit("/", 1)[-1],
        "usageMetadata": _usage(request, answer, digest[2]),
    }


def _usage(request: Mapping[str, Any], answer: Answer, variant: int) -> dict[str, Any]:
    """Token counts, as irregular as the service's: the total is missing at times.

    Cached tokens are rare. Counts that the model itself reported are passed on unchanged.
    """
    prompt, is_reported = answer.prompt_tokens, answer.prompt_tokens is not None
    if prompt is None:
        prompt = _tokens(user_text(request)) + _tokens(system_text(request))
    candidates = _tokens(answer.text) if answer.answer_tokens is None else answer.answer_tokens
    usage: dict[str, Any] = {"promptTokenCount": prompt, "candidatesTokenCount": candidates}
    if variant >= 4:
        usage["totalTokenCount"] = prompt + candidates
    if variant >= 230 and not is_reported:
        usage["cachedContentTokenCount"] = prompt // 3
    return usage


def _tokens(text: str) -> int:
    return (len(text.encode()) + _BYTES_PER_TOKEN - 1) // _BYTES_PER_TOKEN


def _short_time(at: datetime, number: int) -> str:
    """The time with two, three or six digits of a second, as the service writes it."""
    whole = at.isoformat(timespec="microseconds").removesuffix("+00:00")
    return whole[: len(whole) - (3, 4, 0, 3)[number % 4]] + "+00:00"


def _retyped(value: Any) -> Any:
    """The importer turns a string of digits into a number; our keys have a prefix for that reason."""
    return int(value) if isinstance(value, str) and re.fullmatch(r"\d{1,18}", value) else value


def _either(values: Mapping[str, Any], camel: str, snake: str) -> Any:
    return values.get(camel, values.get(snake))
