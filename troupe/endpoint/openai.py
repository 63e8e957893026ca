"""Answers prompts with the user's own model, over OpenAI's chat completions API."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from analysis.strict_json import NotStrict, parse
from troupe.endpoint.address import address
from troupe.endpoint.chat import ChatBodies
from troupe.endpoint.completion import read_completion
from troupe.endpoint.connections import Connections, Reply
from troupe.endpoint.failure import EndpointFailure, may_pass, row_status
from troupe.standin.prediction_lines import Answer

CHECK_SECONDS = 10.0
_NEWER_LIMIT = "max_completion_tokens"
_REFUSED = frozenset({401, 403, 404})
_MOST_SHOWN = 5
_LONGEST_SHOWN = 200
_PROBE: Mapping[str, Any] = {
    "contents": [{"role": "user", "parts": [{"text": "Answer with OK."}]}],
    "generationConfig": {"maxOutputTokens": 16},
}


class Endpoint:
    """Requests one chat completion per prompt. May be called by several threads."""

    def __init__(
        self,
        *,
        base_url: str,
        model: str,
        key: str | None = None,
        api_version: str | None = None,
        timeout_seconds: float = 120,
        most: int = 1,
    ) -> None:
        """`base_url` goes up to the version, such as `http://localhost:11434/v1`.

        `api_version` asks in the way of Azure OpenAI; `most` requests are sent at a time.
        Raises `ValueError` with a reason that names neither the key nor the URL.
        """
        self._address = address(base_url, model, key, api_version)
        self._key, self._model = (key or "").strip(), model
        self._connections = Connections(
            self._address.chat, self._address.header, most=most, seconds=timeout_seconds
        )
        self._bodies, self._limit_name = ChatBodies(model), "max_tokens"

    def check(self) -> None:
        """Ask for the list of models, and send a short request when the model is not in it.

        Raises `ConnectionError` with what is wrong: no server replies, or it redirects, refuses the
        key, or knows no such model or path. Any other reply will do: not every server lists its
        models, and one that is busy may answer later.
        """
        try:
            reply = self._connections.send("GET", self._address.models, seconds=CHECK_SECONDS)
        except EndpointFailure as failure:
            if failure.code == 502:
                return
            reason = f"does not answer ({failure.reason}): start the model's server first"
            raise ConnectionError(reason) from None
        if reply.code == 401:
            raise ConnectionError("refuses the key: set TROUPE_MODEL_KEY to one that it takes")
        if 300 <= reply.code < 400:
            raise ConnectionError(f"{_redirect(reply)}: give the address that answers itself")
        listed = _listed(reply.body) if reply.code == 200 else []
        is_listed = any(_is_same(each, self._model) for each in listed)
        if reply.code == 404 or (listed and not is_listed):
            self._check_model(listed)

    def _check_model(self, listed: list[str]) -> None:
        """Raise `ConnectionError` when a short request is refused."""
        try:
            status = self._answer(_PROBE, CHECK_SECONDS).status
        except EndpointFailure as failure:
            status = failure.status if failure.code in _REFUSED else ""
        if status:
            known = f"; it lists {', '.join(listed[:_MOST_SHOWN])}" if listed else ""
            raise ConnectionError(
                f"refuses the model {self._model} ({' '.join(status.split())[:_LONGEST_SHOWN]})"
                f"{known}: correct --model-name, or the path of the address"
            )

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._connections.close()

    def __call__(self, request: Mapping[str, Any]) -> Answer:
        """Request a chat completion and wait for it.

        A request that the endpoint refuses for good is an answer with a `status`. Raises
        `EndpointFailure` for everything that may be different at another try.
        """
        return self._answer(request)

    def _answer(self, request: Mapping[str, Any], seconds: float | None = None) -> Answer:
        reply = self._send(request, seconds)
        if reply.code == 400 and _NEWER_LIMIT in reply.reason:
            # Newer models of OpenAI refuse the older name, and older servers know no other.
            self._limit_name = _NEWER_LIMIT
            reply = self._send(request, seconds)
        if reply.code < 300:
            return read_completion(reply.body, self._model)
        if reply.code < 400:
            raise EndpointFailure(502, "Bad Gateway", _redirect(reply))
        reason = reply.reason.replace(self._key, "…") if self._key else reply.reason
        if may_pass(reply.code):
            raise EndpointFailure(reply.code, reply.name, reason, retry_after=reply.retry_after)
        return Answer(status=row_status(reply.code, reply.name, reason))

    def probe(self) -> None:
        """Request a few words; any answer but a failure will do. Raises `EndpointFailure`."""
        self(_PROBE)

    def _send(self, request: Mapping[str, Any], seconds: float | None) -> Reply:
        body = self._bodies.body(request, self._limit_name)
        return self._connections.send("POST", self._address.chat, body, seconds)


def _redirect(reply: Reply) -> str:
    """Name the host of a redirect alone: its path and query may hold anything."""
    try:
        host = urlsplit(reply.location or "").hostname
    except ValueError:
        host = None
    return f"redirects to {host or 'another path'}"


def _listed(body: bytes) -> list[str]:
    """The ids of a list of models; empty for a reply of another form."""
    try:
        reply = parse(body.decode())
    except (NotStrict, UnicodeDecodeError):
        return []
    data = reply.get("data") if isinstance(reply, Mapping) else None
    models = data if isinstance(data, list) else []
    return [each["id"] for each in models if isinstance(each, Mapping) and _has_id(each)]


def _has_id(model: Mapping[str, Any]) -> bool:
    return isinstance(model.get("id"), str)


def _is_same(listed: str, model: str) -> bool:
    """Ollama lists `gemma3:latest` for `gemma3`."""
    return model in (listed, listed.removesuffix(":latest"))
