"""Answers prompts with the user's own model, over OpenAI's chat completions API."""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from analysis.strict_json import parse
from troupe.standin.prediction_lines import Answer, response_schema, system_text, user_text

_FINISH = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}
_LONGEST_REASON = 300
CHECK_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An `Answerer` that requests one chat completion per prompt. A failure fails that row alone."""

    base_url: str
    """Up to and including the version, such as `http://localhost:11434/v1`."""
    model: str
    key: str | None = None
    timeout_seconds: float = 120

    def __post_init__(self) -> None:
        if urlsplit(self.base_url).scheme not in ("http", "https"):
            raise ValueError("the address of the endpoint must begin with http:// or https://")

    def check(self) -> None:
        """Raise `OSError` when no server replies at this address; any HTTP status is a reply."""
        request = urllib.request.Request(f"{self.base_url.rstrip('/')}/models")  # noqa: S310
        with suppress(urllib.error.HTTPError):
            urllib.request.urlopen(request, timeout=CHECK_SECONDS).close()  # noqa: S310

    def __call__(self, request: Mapping[str, Any]) -> Answer:
        """Request a chat completion and wait for it; a failure is the answer's status."""
        try:
            return _answer(self._post(_chat(request, self.model)))
        except urllib.error.HTTPError as error:
            with error:
                reason = error.read(_LONGEST_REASON).decode("utf-8", "replace")
            return Answer(status=_status(error.code, error.reason, reason))
        except TimeoutError:
            return Answer(status=_status(504, "Deadline Exceeded", "The endpoint took too long."))
        except (OSError, http.client.HTTPException) as error:
            return Answer(status=_status(503, "Unavailable", str(error)))
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            reason = f"The endpoint's answer cannot be read: {type(error).__name__}"
            return Answer(status=_status(502, "Bad Gateway", reason))

    def _post(self, body: Mapping[str, Any]) -> Any:
        headers = {"Content-Type": "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        request = urllib.request.Request(  # noqa: S310  (the scheme is checked above)
            f"{self.base_url.rstrip('/')}/chat/completions",
            data=json.dumps(body).encode(),
            headers=headers,
        )
        with urllib.request.urlopen(request, timeout=self.timeout_seconds) as reply:  # noqa: S310
            return parse(reply.read().decode())


def _chat(request: Mapping[str, Any], model: str) -> dict[str, Any]:
    system = system_text(request)
    messages = [{"role": "system", "content": system}] if system else []
    body: dict[str, Any] = {
        "model": model,
        "messages": [*messages, {"role": "user", "content": user_text(request)}],
    }
    if (schema := response_schema(request)) is not None:
        named = {"name": "answer", "schema": json_schema(schema)}
        body["response_format"] = {"type": "json_schema", "json_schema": named}
    if (most := request.get("generationConfig", {}).get("maxOutputTokens")) is not None:
        body["max_tokens"] = most
    return body


def json_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Convert Vertex's schema to JSON Schema: types in lower case, `null` as a type."""
    plain = {key: value for key, value in schema.items() if key not in _VERTEX_ONLY}
    if isinstance(kind := schema.get("type"), str):
        nullable = schema.get("nullable")
        plain["type"] = [kind.lower(), "null"] if nullable else kind.lower()
        if nullable and "enum" in schema:
            plain["enum"] = [*schema["enum"], None]
    if "properties" in schema:
        properties = schema["properties"].items()
        plain["properties"] = {name: json_schema(inner) for name, inner in properties}
    if "items" in schema:
        plain["items"] = json_schema(schema["items"])
    if "anyOf" in schema:
        plain["anyOf"] = [json_schema(inner) for inner in schema["anyOf"]]
    return plain


_VERTEX_ONLY = frozenset({"nullable", "propertyOrdering"})


def _answer(reply: Any) -> Answer:
    choice = reply["choices"][0]
    usage = reply.get("usage") or {}
    return Answer(
        text=choice["message"].get("content") or "",
        finish_reason=_FINISH.get(choice.get("finish_reason", "stop"), "OTHER"),
        prompt_tokens=usage.get("prompt_tokens"),
        answer_tokens=usage.get("completion_tokens"),
    )


def _status(code: int, name: str, reason: str) -> str:
    """Format an error as Vertex's row errors are."""
    error = {"code": code, "message": reason, "status": name.upper().replace(" ", "_")}
    return f"{name}: {json.dumps({'error': error})}"
