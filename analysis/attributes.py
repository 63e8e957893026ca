"""Call attributes: columns of the source beside the fixed ones, which an analysis names and types."""

import re
from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

AttributeType = Literal["text", "integer", "number", "boolean", "time"]
Attributes = Mapping[str, AttributeType]
"""Column of the source to its type."""

MISSING = "unknown"
"""What a prompt says where a call has no value."""
MOST_ATTRIBUTES = 50
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")

_IDENTIFYING = frozenset(
    {
        "phone_number_token", "referenceid", "reference_id", "interactionid", "interaction_id",
        "transcript", "record_id",
    }
)  # fmt: skip
"""Columns that name a person or a call, or are sent anyway, in lower case."""
_PLACEHOLDERS = frozenset({"record", "transcript", "max_output_tokens"})
"""Names that a request line uses itself."""

_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def attribute_problems(attributes: Attributes) -> Iterator[str]:
    """Yield the problems of the names; the types are checked when the settings are read."""
    if len(attributes) > MOST_ATTRIBUTES:
        yield f"attributes: at most {MOST_ATTRIBUTES} can be named; remove some"
    first: dict[str, str] = {}
    for name in attributes:
        lower = name.lower()
        if not NAME.fullmatch(name):
            yield (
                f"attributes: invalid name {name!r}: use letters, digits and _, a letter first, "
                "at most 63 characters; a view can rename a column"
            )
        elif lower in _IDENTIFYING:
            yield f"attributes: {name!r} identifies a call or a person, and is no attribute; remove it"
        elif lower in _PLACEHOLDERS:
            yield f"attributes: {name!r} is a word of the request itself; rename the column in a view"
        other = first.setdefault(lower, name)
        if other != name:
            yield f"attributes: {other!r} and {name!r} differ only in case; remove one"


def literals(values: str | None, names: tuple[str, ...]) -> tuple[bytes, ...]:
    """Return the values of these attributes as JSON literals without their quotes.

    `values` is the JSON object that a plan froze. Its bytes are kept, so that no literal is longer
    there: the size of a line was counted by them.
    """
    known = _decode(values) if values else {}
    return tuple(_literal(bytes(known.get(name, b"null"))) for name in names)


def _literal(value: bytes) -> bytes:
    if value == b"null":
        return MISSING.encode()
    if value.startswith(b'"'):
        return value[1:-1]
    return value.removesuffix(b".0")  # one spelling of a whole number, whichever engine wrote it
