"""The body of a chat completions request, made from the request line of a batch job."""

from collections.abc import Mapping
from typing import Any

import msgspec

from troupe.standin.prediction_lines import response_schema, system_text, user_text


class ChatBodies:
    """Makes the bodies for one model. May be used by several threads."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._format: tuple[Mapping[str, Any] | None, msgspec.Raw] = (None, msgspec.Raw(b"null"))
        """The last schema and its encoded `response_format`: all requests of a run have one."""

    def body(self, request: Mapping[str, Any], limit_name: str) -> bytes:
        """Return the body; `limit_name` is the property for the maximum of output tokens."""
        system = system_text(request)
        messages = [{"role": "system", "content": system}] if system else []
        body: dict[str, Any] = {
            "model": self._model,
            "messages": [*messages, {"role": "user", "content": user_text(request)}],
        }
        if (schema := response_schema(request)) is not None:
            body["response_format"] = self._response_format(schema)
        if (most := request.get("generationConfig", {}).get("maxOutputTokens")) is not None:
            body[limit_name] = most
        return msgspec.json.encode(body)

    def _response_format(self, schema: Mapping[str, Any]) -> msgspec.Raw:
        known, encoded = self._format
        if known != schema:
            named = {"name": "answer", "schema": json_schema(schema)}
            data = msgspec.json.encode({"type": "json_schema", "json_schema": named})
            encoded = msgspec.Raw(data)
            self._format = (schema, encoded)
        return encoded


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
