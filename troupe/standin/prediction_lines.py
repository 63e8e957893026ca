"""One line of a prediction file, made from one line of a request file."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from troupe.standin.text_analysis import answer

_FENCE = re.compile(r"^<(transcript-[^>\n]*)>[ \t]*\n?", re.MULTILINE)
_BYTES_PER_TOKEN = 4
_NULLS = ("fileData", "functionCall", "inlineData")
"""The service's echo names what the request left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a model says to one request. A `status` means that it failed and said nothing."""

    text: str = ""
    finish_reason: str = "STOP"
    status: str = ""
    prompt_tokens: int | None = None
    answer_tokens: int | None = None


Answerer = Callable[[Mapping[str, Any]], Answer]
"""Answers one `request` of a line; what goes wrong is told in the answer's `status`."""


def analyst(request: Mapping[str, Any]) -> Answer:
    """Answers from the transcript itself, within the schema that the request carries."""
    found = answer(response_schema(request), transcript_of(user_text(request)))
    text = found if isinstance(found, str) else msgspec.json.encode(found).decode()
    return Answer(text=text)


def response_schema(request: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The schema that the answer must obey, in either of its spellings."""
    settings = _either(request, "generationConfig", "generation_config") or {}
    json_schema = _either(settings, "responseJsonSchema", "response_json_schema")
    schema: Mapping[str, Any] | None = json_schema or _either(
        settings, "responseSchema", "response_schema"
    )
    return schema


def user_text(request: Mapping[str, Any]) -> str:
    """Everything the user's turns say."""
    turns = request.get("contents") or []
    return "\n".join(text_of(turn) for turn in turns if turn.get("role", "user") == "user")


def system_text(request: Mapping[str, Any]) -> str:
    return text_of(_either(request, "systemInstruction", "system_instruction") or {})


def text_of(content: Mapping[str, Any]) -> str:
    """The texts of all parts, joined."""
    return "".join(str(part.get("text", "")) for part in content.get("parts") or [])


def transcript_of(text: str) -> str:
    """What stands between the fence's tags; everything when there is no fence.

    The last closing tag counts: a transcript may contain a copy of it.
    """
    opening = _FENCE.search(text)
    if opening is None:
        return text
    end = text.rfind(f"</{opening[1]}>", opening.end())
    return text[opening.end() : end if end >= 0 else len(text)].strip("\n")


def prediction(
    row: Mapping[str, Any], said: Answer, *, model: str, created_at: datetime, number: int
) -> dict[str, Any]:
    """The output line; times follow from the job and the line, so that a retry is the same."""
    at = created_at + timedelta(seconds=1, milliseconds=37 * (number + 1))
    beside = {key: _retyped(value) for key, value in row.items() if key != "request"}
    line: dict[str, Any] = {
        "status": said.status,
        "processed_time": _short_time(at, number),
        "request": echo(row["request"]),
        "response": {} if said.status else _response(row["request"], said, model, at),
    }
    return line | beside


def echo(request: Mapping[str, Any]) -> dict[str, Any]:
    """The request as the service gives it back: with nulls and defaults that nobody sent."""
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


def _response(request: Mapping[str, Any], said: Answer, model: str, at: datetime) -> dict[str, Any]:
    chance = hashlib.blake2b(said.text.encode(), digest_size=4).digest()
    return {
        "candidates": [
            {
                "avgLogprobs": -0.05 - int.from_bytes(chance[:2]) / 131072,
                "content": {"parts": [{"text": said.text}], "role": "model"},
                "finishReason": said.finish_reason,
            }
        ],
        "createTime": at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "modelVersion": model.rsplit("/", 1)[-1],
        "usageMetadata": _usage(request, said, chance[2]),
    }


def _usage(request: Mapping[str, Any], said: Answer, chance: int) -> dict[str, Any]:
    """As uneven as the service's: cached tokens are rare, the total is at times absent.

    Of a model that counts for itself nothing is made up.
    """
    prompt, is_told = said.prompt_tokens, said.prompt_tokens is not None
    if prompt is None:
        prompt = _tokens(user_text(request)) + _tokens(system_text(request))
    candidates = _tokens(said.text) if said.answer_tokens is None else said.answer_tokens
    usage: dict[str, Any] = {"promptTokenCount": prompt, "candidatesTokenCount": candidates}
    if chance >= 4:
        usage["totalTokenCount"] = prompt + candidates
    if chance >= 230 and not is_told:
        usage["cachedContentTokenCount"] = prompt // 3
    return usage


def _tokens(text: str) -> int:
    return (len(text.encode()) + _BYTES_PER_TOKEN - 1) // _BYTES_PER_TOKEN


def _short_time(at: datetime, number: int) -> str:
    """Fractions come with two, three or six digits."""
    whole = at.isoformat(timespec="microseconds").removesuffix("+00:00")
    return whole[: len(whole) - (3, 4, 0, 3)[number % 4]] + "+00:00"


def _retyped(value: Any) -> Any:
    """The importer makes a number of whatever looks like one; hence the prefix of our keys."""
    return int(value) if isinstance(value, str) and re.fullmatch(r"\d{1,18}", value) else value


def _either(values: Mapping[str, Any], camel: str, snake: str) -> Any:
    return values.get(camel, values.get(snake))
