"""Build an answer that fits a response schema, from the words of a transcript."""

from collections.abc import Mapping, Sequence
from typing import Any

from troupe.standin.text_analysis.call_review import review
from troupe.standin.text_analysis.enum_values import EnumValue, nearest
from troupe.standin.text_analysis.transcript_values import TranscriptValues

Schema = Mapping[str, Any]

_UNKNOWN = object()
"""Marks a value that has to be derived from the transcript."""
_MAX_ITEMS = 3


def answer(schema: Schema | None, transcript: str) -> Any:
    """An answer to this schema: a call review when it has `callSummary`, else any valid answer."""
    if schema is None or "callSummary" in schema.get("properties", {}):
        return _fit(review(transcript), schema or {}, transcript)
    return answer_by_schema(schema, transcript)


def answer_by_schema(schema: Schema, transcript: str) -> Any:
    """A valid answer to a schema of any kind; values come from the transcript's words."""
    return _fit(_UNKNOWN, schema, transcript)


def _fit(value: Any, schema: Schema, transcript: str) -> Any:
    return _Fitter(TranscriptValues(transcript)).fit(value, schema, "")


class _Fitter:
    """Fits known values to a schema, and derives the unknown ones from the transcript."""

    def __init__(self, derived: TranscriptValues) -> None:
        self._derived = derived

    def fit(self, value: Any, schema: Schema, name: str) -> Any:
        """The value in the shape of the schema; `name` is that of its property."""
        schema, kind, nullable = _resolve(schema)
        if value is None:
            if nullable:
                return None
            value = _UNKNOWN
        if allowed := schema.get("enum"):
            return self._enum(value, [each for each in allowed if each is not None])
        return getattr(self, f"_{kind}", self._as_is)(value, schema, name)

    def _enum(self, value: Any, allowed: Sequence[Any]) -> Any:
        if value in allowed:
            return value
        names = value.names if isinstance(value, EnumValue) else ()
        if not all(isinstance(each, str) for each in allowed):
            return allowed[0]
        return nearest(names, tuple(allowed)) if names else self._derived.best_of(allowed)

    def _object(self, value: Any, schema: Schema, name: str) -> dict[str, Any]:
        known = value if isinstance(value, Mapping) else None
        required = schema.get("required", ())
        fitted: dict[str, Any] = {}
        for key, inner in schema.get("properties", {}).items():
            property_ = _UNKNOWN if known is None else known.get(key)
            if property_ is not None or key in required:
                fitted[key] = self.fit(property_, inner, key)
        return fitted

    def _array(self, value: Any, schema: Schema, name: str) -> list[Any]:
        items = schema.get("items", {})
        least = int(schema.get("minItems", 0))
        most = int(schema.get("maxItems", max(least, _MAX_ITEMS)))
        if isinstance(value, list):
            values = value[:most]
        else:
            values = self._derived_items(items, min(most, _MAX_ITEMS), name)
        values += [_UNKNOWN] * (least - len(values))
        return [self.fit(each, items, name) for each in values]

    def _derived_items(self, items: Schema, most: int, name: str) -> list[Any]:
        inner, kind, _ = _resolve(items)
        if allowed := inner.get("enum"):
            return [self._derived.best_of(allowed)] if most else []
        return (
            list(self._derived.strings(name, most))
            if kind == "string"
            else [_UNKNOWN] * min(1, most)
        )

    def _string(self, value: Any, schema: Schema, name: str) -> str:
        text = value.value if isinstance(value, EnumValue) else value
        if not isinstance(text, str):
            text = next(iter(self._derived.strings(name, 1)), "")
        text = text[: int(schema.get("maxLength", len(text)))]
        return text.ljust(int(schema.get("minLength", 0)), "-")

    def _boolean(self, value: Any, schema: Schema, name: str) -> bool:
        return value if isinstance(value, bool) else self._derived.success

    def _integer(self, value: Any, schema: Schema, name: str) -> int:
        return int(self._number(value, schema, name))

    def _number(self, value: Any, schema: Schema, name: str) -> float:
        number = value if isinstance(value, int | float) else self._derived.count(name)
        number = max(number, schema.get("minimum", number))
        return float(min(number, schema.get("maximum", number)))

    def _as_is(self, value: Any, schema: Schema, name: str) -> Any:
        """A schema without a type allows everything."""
        if isinstance(value, EnumValue):
            return value.value
        if isinstance(value, Mapping):
            return {key: self._as_is(inner, {}, key) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._as_is(inner, {}, name) for inner in value]
        return self._string(value, {}, name) if value is _UNKNOWN else value


def _resolve(schema: Schema) -> tuple[Schema, str, bool]:
    """The first alternative that is not null, its type in lower case, and whether null is valid."""
    nullable = bool(schema.get("nullable"))
    if "anyOf" in schema or "oneOf" in schema:
        alternatives = [
            _resolve(one) for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ()))
        ]
        nullable = nullable or any(null or kind == "null" for _, kind, null in alternatives)
        for inner, kind, _ in alternatives:
            if kind != "null":
                return inner, kind, nullable
    kinds = schema.get("type", "object" if "properties" in schema else "")
    listed = [one.lower() for one in ([kinds] if isinstance(kinds, str) else kinds)]
    kind = next((one for one in listed if one != "null"), "null")
    return schema, kind, nullable or "null" in listed
