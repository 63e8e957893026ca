"""The quick way to read an answer: one struct, generated from its schema, is decoded and encoded.

What is not exactly as the schema says (other spellings, absent properties, unknown or doubled ones)
goes to `analysis.fitting`, which alone decides whether an answer is rejected.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from math import ceil, floor
from operator import attrgetter
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from analysis.fitting import is_blank
from analysis.schema import LARGEST_INTEGER, LARGEST_NUMBER, Node, is_valid, leaves

_encode = msgspec.json.Encoder().encode


def struct_encoder(root: Node, texts: frozenset[str]) -> Callable[[str], bytes | None]:
    """Make a function from an answer's text to the answer, encoded again as JSON.

    `texts` are the paths of the texts that an answer must have. The function returns None for a text
    that is not as the schema says, or has a character that no table can store. It leaves out what the schema does not have, which the caller
    notices by `is_whole`.
    """
    decode = msgspec.json.Decoder(_struct(root)).decode
    required = [attrgetter(path) for path in sorted(texts)]
    # Columns with a pattern have few different values: a cache is faster than a search.
    patterns = [
        (attrgetter(leaf.path), lru_cache(maxsize=64)(leaf.pattern.search))
        for leaf in leaves(root)
        if leaf.pattern and _is_cached(leaf)
    ]

    def encode(text: str) -> bytes | None:
        if "\\" in text and "\\u0000" in text:
            return None
        try:
            answer = decode(text)
            for text_of in required:
                if is_blank(text_of(answer)):
                    return None
            for value_of, matches in patterns:
                value = value_of(answer)
                if value and not matches(value):
                    return None
            return _encode(answer)
        except (msgspec.MsgspecError, AttributeError, RecursionError, UnicodeError):
            return None

    return encode


def is_whole(text: str, encoded: bytes) -> bool:
    """Whether nothing of an answer's text was left out when it was encoded again.

    Each name and string has two quotes and its escaped ones. The struct writes only what it read, so
    a property that it left out, unknown or doubled, shows as missing quotes. A quote that is escaped
    by its number would hide one.
    """
    return "\\u0022" not in text and text.count('"') == encoded.count(b'"')


def _is_cached(leaf: Node) -> bool:
    """Whether a pattern is checked behind the decoder: an absent group has no values to check."""
    return "." not in leaf.path


def _struct(node: Node) -> Any:
    """Return the struct of an object. What is absent stays absent, and is never a default: that
    would be encoded, and its quotes could stand for those of an unknown property.
    """
    fields: list[Any] = []
    for name, child in (node.properties or {}).items():
        kind = _type(child)
        if child.optional and child.kind != "array":
            # A null where a list belongs is stored as an empty list, so that is for `fitting`.
            kind = kind | None
        fields.append((name, kind) if child.required else (name, kind | UnsetType, UNSET))
    return msgspec.defstruct("Answer", fields, frozen=True, gc=False, kw_only=True)


def _type(node: Node) -> Any:
    if node.kind == "object":
        return _struct(node)
    if node.kind == "array":
        assert node.items is not None, "a list has elements"  # noqa: S101
        return Annotated[list[_type(node.items)], _size(node)]  # type: ignore[misc]
    if node.kind == "boolean":
        return bool
    if node.kind == "integer":
        return Annotated[int, _within(node, LARGEST_INTEGER)]
    if node.kind == "number":
        return Annotated[float, _within(node, LARGEST_NUMBER)]
    if node.values is not None:
        return Literal[tuple(filter(partial(is_valid, node), sorted(node.values))) or ("\x00",)]
    pattern = node.pattern.pattern if node.pattern and not _is_cached(node) else None
    return Annotated[str, _size(node, pattern)]


def _within(node: Node, largest: int) -> Meta:
    least = -largest if node.least is None else max(-largest, node.least)
    most = largest if node.most is None else min(largest, node.most)
    if node.kind == "integer":
        return Meta(ge=ceil(least), le=floor(most))
    return Meta(ge=float(least), le=float(most))


def _size(node: Node, pattern: str | None = None) -> Meta:
    least, most = (None if bound is None else int(bound) for bound in (node.least, node.most))
    return Meta(min_length=least, max_length=most, pattern=pattern)
