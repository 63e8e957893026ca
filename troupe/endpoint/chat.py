"""The body of a chat completions request, made from the request line of a batch job."""

from collections.abc import Mapping
from typing import Any

from troupe.standin.prediction_lines import response_schema, system_text, user_text


def chat(request: Mapping[str, Any], model: str, limit_name: str) -> dict[str, Any]:
    """Return the body; `limit_name` is the property for the largest number of output tokens."""
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
        body[limit_name] = most
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
