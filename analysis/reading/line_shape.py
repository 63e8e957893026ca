"""The shape of a line without anything unusual: its names, and the types of their values.

Services write the same names on every line of a file. A type that requires each name of a line that
was read in full decodes such a line. A line of that type has two quotes for each of its names and
texts, and those of the answer; further ones belong to a property that is unknown or given twice.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

_MOST_TEXTS = 200
_COUNT = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
_ANSWER: dict[str, Any] = {
    "key": str,
    "status": Literal[""],
    "request": str,
    "response": {
        "candidates": [{"content": {"parts": [{"text": str}]}, "finishReason": Literal["STOP"]}],
        "usageMetadata": {
            "promptTokenCount": _COUNT,
            "cachedContentTokenCount": _COUNT,
            "thoughtsTokenCount": _COUNT,
            "candidatesTokenCount": _COUNT,
        },
        "modelVersion": str,
    },
}
"""What the reader uses of such a line: one candidate with one part, which is finished."""
_COUNTS = _ANSWER["response"]["usageMetadata"]
_OPTIONAL = frozenset({"status", "request", "usageMetadata", "modelVersion", *_COUNTS})
"""What a line may lack."""
_UNUSUAL = frozenset(
    {
        "custom_id", "customId", "error", "thought", "promptFeedback", "prompt_feedback",
        "finish_reason", "usage_metadata", "model_version", "prompt_token_count",
        "cached_content_token_count", "thoughts_token_count", "candidates_token_count",
    }
)  # fmt: skip
"""Names that change how a line is read."""


class LineShape:
    """The decoder of the lines that have the same names and types of values."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        """Learn the names of a line's document, whose request is cut out of the lines to decode.

        Raises `ValueError` for an unusual one.
        """
        line = {**document, "request": ""} if "request" in document else {**document}
        texts = _count_texts(line)
        if texts > _MOST_TEXTS:
            raise ValueError("more than a usual line has")
        self.quotes = 2 * texts
        """Quotes of a line of this shape, without those inside the answer's text."""
        self._decode = msgspec.json.Decoder(_type(line, _ANSWER)).decode

    def decode(self, line: bytes) -> Any:
        """Return a line of this shape; None for others.

        Every property that `_ANSWER` names is an attribute: None where the shape lacks it.
        """
        try:
            return self._decode(line)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return None


def has_hidden_quote(line: bytes) -> bool:
    """Whether a quote of the line is escaped by its number, which no count of quotes sees."""
    return b"\\u0022" in line


def _count_texts(value: object) -> int:
    """Count the names and texts of a value."""
    if isinstance(value, dict):
        return len(value) + sum(map(_count_texts, value.values()))
    if isinstance(value, list):
        return sum(map(_count_texts, value))
    return int(isinstance(value, str))


def _type(value: object, known: Any) -> Any:
    """Return the type of a value of a line, where `known` is what the reader uses of it."""
    if isinstance(value, dict) and (known is None or isinstance(known, dict)):
        known = known or {}
        if unusual := _UNUSUAL & value.keys():
            raise ValueError(f"{sorted(unusual)[0]} is unusual")
        names = [name if name.isidentifier() else f"field_{at}" for at, name in enumerate(value)]
        fields: list[Any] = [
            (name, _type(child, known.get(original)))
            for name, (original, child) in zip(names, value.items(), strict=True)
        ]
        for name in known.keys() - value.keys():
            if name not in _OPTIONAL:
                raise ValueError(f"{name} is missing")
            fields.append((name, Any, _nothing(known[name])))
        return msgspec.defstruct(
            "Line",
            fields,
            frozen=True,
            gc=False,
            kw_only=True,
            rename=dict(zip(names, value, strict=True)),
        )
    if isinstance(value, list) and (known is None or len(value) == 1):
        inner = known[0] if isinstance(known, list) else None
        return tuple.__class_getitem__(tuple(_type(child, inner) for child in value))
    if isinstance(known, dict | list):
        raise ValueError("neither an object nor a list of one")
    if known is not None:
        return known
    return float | int if isinstance(value, float | int) and value is not True else type(value)


def _nothing(known: Any) -> Any:
    return _type({}, known)() if isinstance(known, dict) else None
