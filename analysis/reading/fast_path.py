"""The fast path: decode an answer that fits its schema exactly into generated types.

The types are generated from the schema, which stays the only source. Everything else (null objects,
equivalent spellings, duplicate or unknown properties, numbers) goes to the general path, which
alone decides whether an answer is rejected.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from analysis.schema import Node, leaves

Values = tuple[Any, ...]
TypedReader = Callable[[str], "Values | None"]
Kinds = tuple[type, ...]

_ESCAPES = re.compile(r"\\(.)")


def typed_reader(root: Node, columns: Mapping[str, str]) -> TypedReader | None:
    """Make a function from an answer's text to its column values, in the order of the columns.

    The function returns None for every text that needs the general path. `typed_reader` returns
    None when the schema has types that the fast path does not support.
    """
    if not all(map(_is_supported, leaves(root))):
        return None
    decode = msgspec.json.Decoder(_struct(root)).decode
    by_path = {leaf.path: leaf for leaf in leaves(root)}
    nodes = [by_path[path] for path in columns.values()]
    take_columns = attrgetter(*columns.values())
    lists = [(at, _list_counter(node.items)) for at, node in enumerate(nodes) if node.items]
    # Columns with a pattern have few different values: a cache is faster than a search.
    patterns = [
        (at, lru_cache(maxsize=64)(node.pattern.search))
        for at, node in enumerate(nodes)
        if node.pattern
    ]
    fill = _filler(nodes)
    # Answers have few combinations of value types, so their counts are cached.
    count_strings = lru_cache(maxsize=512)(_string_counter(len(nodes) + _objects_below(root)))

    def read(text: str) -> Values | None:
        quotes = text.count('"')
        if "\\" in text:
            if "\\u0000" in text:
                return None
            quotes -= _escaped_quotes(text)
        try:
            values: Values = take_columns(decode(text))
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            return None
        strings, is_complete = count_strings(tuple(map(type, values)))
        if not is_complete:
            values = fill(values)
        for at, count in lists:
            if values[at]:
                strings += count(values[at])
        for at, matches in patterns:
            if values[at] is not None and not matches(values[at]):
                return None
        # msgspec ignores duplicate and unknown properties; their quotes are not among those of the
        # decoded names and strings. Escaped quotes are counted exactly: escapes do not overlap.
        return values if quotes == 2 * strings else None

    return read


def _escaped_quotes(text: str) -> int:
    if "\\\\" in text:
        # An escaped backslash may precede a quote that is not escaped.
        return _ESCAPES.findall(text).count('"')
    return text.count('\\"')


def _string_counter(properties: int) -> Callable[[Kinds], tuple[int, bool]]:
    """Make a function from value types to the count of names and strings, and if all are set."""

    def count(kinds: Kinds) -> tuple[int, bool]:
        absent = kinds.count(UnsetType)
        return properties + kinds.count(str) - absent, absent == 0

    return count


def _filler(nodes: list[Node]) -> Callable[[Values], Values]:
    """Make a function that replaces absent values by null, or by the empty list."""
    empty: list[Any] = [[] if node.kind == "array" else None for node in nodes]

    def fill(values: Values) -> Values:
        pairs = zip(values, empty, strict=True)
        return tuple(nothing if value is UNSET else value for value, nothing in pairs)

    return fill


def _list_counter(member: Node) -> Callable[[list[Any]], int]:
    """Make a function that counts the names and strings in the members of a list."""
    properties = member.properties or {}
    if not properties:
        return lambda members: list(map(type, members)).count(str)
    texts = [name for name, child in properties.items() if child.kind == "string"]
    optional_texts = [attrgetter(name) for name in texts if properties[name].optional]
    in_every_member = len(properties) + len(texts) - len(optional_texts)

    def count(members: list[Any]) -> int:
        strings = in_every_member * len(members)
        for text_of in optional_texts:
            for member in members:
                if text_of(member) is not None:
                    strings += 1
        return strings

    return count


def _is_supported(leaf: Node) -> bool:
    if leaf.kind != "array":
        return leaf.kind in {"string", "boolean"}
    if leaf.items is None or leaf.items.optional:
        return False
    members = [leaf.items, *(leaf.items.properties or {}).values()]
    return all(member.kind in {"string", "boolean"} for member in members[1:]) and (
        members[0].kind in {"string", "boolean", "object"}
    )


def _objects_below(node: Node) -> int:
    children = (node.properties or {}).values()
    return sum(1 + _objects_below(child) for child in children if child.kind == "object")


def _struct(node: Node) -> Any:
    fields: list[Any] = []
    for name, child in (node.properties or {}).items():
        if child.kind == "object":
            fields.append((name, _struct(child)))
        elif child.optional:
            fields.append((name, _type(child) | UnsetType, UNSET))
        else:
            fields.append((name, _type(child)))
    return msgspec.defstruct("Answer", fields, frozen=True, gc=False, kw_only=True)


def _type(leaf: Node, pattern: str | None = None) -> Any:
    if leaf.kind == "array":
        size = msgspec.Meta(min_length=_whole(leaf.least), max_length=_whole(leaf.most))
        return Annotated[list[_member(leaf.items)], size]  # type: ignore[misc]
    scalar = _scalar(leaf, pattern)
    return scalar | None if leaf.optional else scalar


def _member(node: Node | None) -> Any:
    if node is None or node.kind != "object":
        return _patterned(node) if node else Any
    fields = [(name, _patterned(child)) for name, child in (node.properties or {}).items()]
    return msgspec.defstruct("Member", fields, frozen=True, gc=False)


def _patterned(leaf: Node) -> Any:
    return _type(leaf, leaf.pattern.pattern if leaf.pattern else None)


def _scalar(leaf: Node, pattern: str | None) -> Any:
    if leaf.kind == "boolean":
        return bool
    if leaf.values is not None:
        return Literal[tuple(sorted(leaf.values))]
    return Annotated[
        str,
        msgspec.Meta(
            min_length=_whole(leaf.least),
            max_length=_whole(leaf.most),
            pattern=pattern,
        ),
    ]


def _whole(bound: float | None) -> int | None:
    return None if bound is None else int(bound)
