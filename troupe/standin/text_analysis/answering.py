"""Answer within a response schema, whatever it asks for."""

from collections.abc import Mapping, Sequence
from typing import Any

from troupe.standin.text_analysis.choices import Choice, nearest
from troupe.standin.text_analysis.evidence import Evidence
from troupe.standin.text_analysis.review import review

Schema = Mapping[str, Any]

_SEEK = object()
"""Stands for a value that is still to be found in the transcript."""
_MOST_ITEMS = 3


def answer(schema: Schema | None, transcript: str) -> Any:
    """What the model would be asked for: a call review where the schema is one."""
    if schema is None or "callSummary" in schema.get("properties", {}):
        found = review(transcript)
        return _fit(found, schema or {}, transcript)
    return answer_by_schema(schema, transcript)


def answer_by_schema(schema: Schema, transcript: str) -> Any:
    """A valid answer to an unknown question; every value comes from the transcript's words."""
    return _fit(_SEEK, schema, transcript)


def _fit(found: Any, schema: Schema, transcript: str) -> Any:
    return _Fitting(Evidence(transcript)).fit(found, schema, "")


class _Fitting:
    """Shapes findings by a schema, and looks for evidence where there is no finding."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence

    def fit(self, found: Any, schema: Schema, name: str) -> Any:
        schema, kind, nullable = _resolve(schema)
        if found is None:
            if nullable:
                return None
            found = _SEEK
        if allowed := schema.get("enum"):
            return self._one_of(found, [value for value in allowed if value is not None])
        return getattr(self, f"_{kind}", self._as_is)(found, schema, name)

    def _one_of(self, found: Any, allowed: Sequence[Any]) -> Any:
        if found in allowed:
            return found
        names = found.names if isinstance(found, Choice) else ()
        if not all(isinstance(value, str) for value in allowed):
            return allowed[0]
        return nearest(names, tuple(allowed)) if names else self._evidence.best_of(allowed)

    def _object(self, found: Any, schema: Schema, name: str) -> dict[str, Any]:
        known = found if isinstance(found, Mapping) else None
        required = schema.get("required", ())
        shaped: dict[str, Any] = {}
        for key, inner in schema.get("properties", {}).items():
            value = _SEEK if known is None else known.get(key)
            if value is not None or key in required:
                shaped[key] = self.fit(value, inner, key)
        return shaped

    def _array(self, found: Any, schema: Schema, name: str) -> list[Any]:
        items = schema.get("items", {})
        least = int(schema.get("minItems", 0))
        most = int(schema.get("maxItems", max(least, _MOST_ITEMS)))
        if isinstance(found, list):
            values = found[:most]
        else:
            values = self._seek_items(items, min(most, _MOST_ITEMS), name)
        values += [_SEEK] * (least - len(values))
        return [self.fit(value, items, name) for value in values]

    def _seek_items(self, items: Schema, most: int, name: str) -> list[Any]:
        inner, kind, _ = _resolve(items)
        if allowed := inner.get("enum"):
            return [self._evidence.best_of(allowed)] if most else []
        return (
            list(self._evidence.strings(name, most)) if kind == "string" else [_SEEK] * min(1, most)
        )

    def _string(self, found: Any, schema: Schema, name: str) -> str:
        text = found.value if isinstance(found, Choice) else found
        if not isinstance(text, str):
            text = next(iter(self._evidence.strings(name, 1)), "")
        text = text[: int(schema.get("maxLength", len(text)))]
        return text.ljust(int(schema.get("minLength", 0)), "-")

    def _boolean(self, found: Any, schema: Schema, name: str) -> bool:
        return found if isinstance(found, bool) else self._evidence.success

    def _integer(self, found: Any, schema: Schema, name: str) -> int:
        return int(self._number(found, schema, name))

    def _number(self, found: Any, schema: Schema, name: str) -> float:
        value = found if isinstance(found, int | float) else self._evidence.count(name)
        value = max(value, schema.get("minimum", value))
        return float(min(value, schema.get("maximum", value)))

    def _as_is(self, found: Any, schema: Schema, name: str) -> Any:
        """A schema without a type allows everything."""
        if isinstance(found, Choice):
            return found.value
        if isinstance(found, Mapping):
            return {key: self._as_is(value, {}, key) for key, value in found.items()}
        if isinstance(found, list):
            return [self._as_is(value, {}, name) for value in found]
        return self._string(found, {}, name) if found is _SEEK else found


def _resolve(schema: Schema) -> tuple[Schema, str, bool]:
    """The first alternative that is not null, its type in lower case, may it be null?"""
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
