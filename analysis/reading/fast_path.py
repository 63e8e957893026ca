"""The fast path: one typed decode of an answer that is exactly what was asked for.

The types are generated from the schema, so that it stays the one source. What this path does
not take (null objects, other spellings, repeated or unknown properties, numbers) it leaves to
the general path without judging it.
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
    """A function from an answer's text to its columns' values, in the order of the columns.

    The function returns None for every text that it does not vouch for. There is no function
    when the schema is too rich for it.
    """
    if not all(map(_plain, leaves(root))):
        return None
    decode = msgspec.json.Decoder(_struct(root)).decode
    by_path = {leaf.path: leaf for leaf in leaves(root)}
    nodes = [by_path[path] for path in columns.values()]
    find = attrgetter(*columns.values())
    lists = [(at, _weigher(node.items)) for at, node in enumerate(nodes) if node.items]
    # A cache is quicker than a search for each answer: what has a pattern has few values.
    patterns = [
        (at, lru_cache(maxsize=64)(node.pattern.search))
        for at, node in enumerate(nodes)
        if node.pattern
    ]
    fill = _filler(nodes)
    # Answers have few shapes, and most have the same: what follows from one is kept.
    quoted_in = lru_cache(maxsize=512)(_counter(len(nodes) + _objects_below(root)))

    def read(text: str) -> Values | None:
        quotes = text.count('"')
        if "\\" in text:
            if "\\u0000" in text:
                return None
            quotes -= _escaped_quotes(text)
        try:
            values: Values = find(decode(text))
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            return None
        quoted, complete = quoted_in(tuple(map(type, values)))
        if not complete:
            values = fill(values)
        for at, weigh in lists:
            if values[at]:
                quoted += weigh(values[at])
        for at, matches in patterns:
            if values[at] is not None and not matches(values[at]):
                return None
        # A property that stands twice, or that nobody asked for, has quotes that were not
        # accounted for. Escaped quotes are told apart exactly: escapes do not overlap.
        return values if quotes == 2 * quoted else None

    return read


def _escaped_quotes(text: str) -> int:
    """Without an escaped backslash, each backslash before a quote escapes it."""
    if "\\\\" in text:
        return _ESCAPES.findall(text).count('"')
    return text.count('\\"')


def _counter(properties: int) -> Callable[[Kinds], tuple[int, bool]]:
    """How many names and strings values of these kinds stand for, and whether all are there."""

    def count(kinds: Kinds) -> tuple[int, bool]:
        absent = kinds.count(UnsetType)
        return properties + kinds.count(str) - absent, absent == 0

    return count


def _filler(nodes: list[Node]) -> Callable[[Values], Values]:
    """Puts the empty list or null where nothing was said."""
    empty: list[Any] = [[] if node.kind == "array" else None for node in nodes]

    def fill(values: Values) -> Values:
        pairs = zip(values, empty, strict=True)
        return tuple(nothing if value is UNSET else value for value, nothing in pairs)

    return fill


def _weigher(member: Node) -> Callable[[list[Any]], int]:
    """How many names and strings the members of a list have."""
    properties = member.properties or {}
    if not properties:
        return lambda members: list(map(type, members)).count(str)
    texts = [name for name, child in properties.items() if child.kind == "string"]
    finds = [attrgetter(name) for name in texts if properties[name].optional]
    always = len(properties) + len(texts) - len(finds)

    def weigh(members: list[Any]) -> int:
        said = always * len(members)
        for find in finds:
            for one in members:
                if find(one) is not None:
                    said += 1
        return said

    return weigh


def _plain(leaf: Node) -> bool:
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
