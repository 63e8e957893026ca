"""The subset of JSON Schema that is sent to the model and that answers are checked against.

A schema is written as Vertex AI takes it (upper-case types, `nullable`). One rule differs: a
property that is nullable or not required is optional, and an optional property may be null or
absent, which mean the same. So an answer that lacks an optional property is valid.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_KINDS = frozenset({"object", "array", "string", "integer", "number", "boolean"})
_COMMON = frozenset({"type", "description", "nullable"})
_ALLOWED: Mapping[str, frozenset[str]] = {
    "object": _COMMON | {"properties", "required"},
    "array": _COMMON | {"items", "minItems", "maxItems"},
    "string": _COMMON | {"enum", "minLength", "maxLength", "pattern"},
    "integer": _COMMON | {"minimum", "maximum"},
    "number": _COMMON | {"minimum", "maximum"},
    "boolean": _COMMON,
}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,127}")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
LARGEST_INTEGER = 2**53 - 1
"""BigQuery may change a larger one when it loads JSON that holds it as a number."""
LARGEST_NUMBER = 2**63 - 1


class SchemaError(Exception):
    """A schema uses something outside the subset. The message has its path in the schema."""


class Mismatch(Exception):
    """An answer does not fit the schema. It has a path of the schema and a rule, never a value."""

    def __init__(self, path: str, rule: str, *, missing: bool = False) -> None:
        """`missing`: there is no value, as opposed to an invalid one."""
        self.path = path
        self.rule = rule
        self.missing = missing
        super().__init__(f"{path or 'answer'}: {rule}")


@dataclass(frozen=True, slots=True)
class Node:
    """One part of a schema: the root, a property or the elements of a list."""

    kind: str
    """The type in lower case."""
    path: str
    """Property names joined by dots, `[]` for elements of a list; empty for the root."""
    optional: bool = False
    """May be null or absent."""
    required: bool = False
    """Is named in `required`, whether nullable or not."""
    properties: Mapping[str, "Node"] | None = None
    items: "Node | None" = None
    values: frozenset[str] | None = None
    """The enum of a string."""
    pattern: re.Pattern[str] | None = None
    least: float | None = None
    most: float | None = None
    """Bounds of a number, of a string's length or of a list's length."""
    equivalents: Mapping[str, Any] | None = None
    """Strings that are read as another value."""

    @property
    def is_closed(self) -> bool:
        """Whether its values are a closed set: those of an enum, or true and false."""
        return self.kind == "boolean" or self.values is not None

    @property
    def is_language(self) -> bool:
        """Whether a text is a language by the name of its property."""
        name = self.path.rpartition(".")[2].lower()
        return self.kind == "string" and ("lang" in name or "locale" in name)

    @property
    def names_no_person(self) -> bool:
        """Whether its values are few and known: a closed set, or language tags."""
        return self.is_closed or (self.pattern is not None and self.is_language)


def read_schema(raw: object, equivalents: Mapping[str, Mapping[str, Any]]) -> Node:
    """Read a schema as a tree. Raises `SchemaError` with the path of what is not supported.

    `equivalents` maps a path to the strings that are read as another value.
    """
    return _node(raw, "", equivalents)


def _node(
    raw: object,
    path: str,
    equivalents: Mapping[str, Mapping[str, Any]],
    *,
    required: bool | None = None,
) -> Node:
    """`required`: whether the object requires this property; None for what is no property."""
    where = path or "the schema"
    if not isinstance(raw, dict):
        raise SchemaError(f"{where}: not an object")
    kind = str(raw.get("type", "")).lower()
    if kind not in _KINDS:
        raise SchemaError(f"{where}: type must be one of {', '.join(sorted(_KINDS))}")
    for keyword in raw.keys() - _ALLOWED[kind]:
        raise SchemaError(f"{where}: {keyword} is not supported for type {kind}")
    _check_keywords(raw, where)
    values = frozenset(raw["enum"]) if "enum" in raw else None
    return Node(
        kind=kind,
        path=path,
        optional=required is False or bool(raw.get("nullable", False)),
        required=bool(required),
        properties=_properties(raw, path, equivalents) if kind == "object" else None,
        items=_node(raw.get("items"), f"{path}[]", equivalents) if kind == "array" else None,
        values=values,
        pattern=re.compile(raw["pattern"]) if "pattern" in raw else None,
        least=_bound(raw, "minLength", "minItems", "minimum"),
        most=_bound(raw, "maxLength", "maxItems", "maximum"),
        equivalents=equivalents.get(path),
    )


def _check_keywords(raw: Mapping[str, Any], where: str) -> None:
    for keyword, (is_valid, expected) in _KEYWORD_VALUES.items():
        if keyword in raw and not is_valid(raw[keyword]):
            raise SchemaError(f"{where}: {keyword} must be {expected}")
    for least, most in (
        ("minLength", "maxLength"),
        ("minItems", "maxItems"),
        ("minimum", "maximum"),
    ):
        if least in raw and most in raw and raw[least] > raw[most]:
            raise SchemaError(f"{where}: {least} is above {most}, so no answer is valid")


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_strings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


_KEYWORD_VALUES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "nullable": (lambda value: isinstance(value, bool), "true or false"),
    "required": (_is_strings, "a list of property names"),
    "enum": (
        lambda value: _is_strings(value) and len(value) > 0,
        "a list of strings, at least one",
    ),
    "pattern": (lambda value: isinstance(value, str), "a string"),
    **dict.fromkeys(
        ("minLength", "maxLength", "minItems", "maxItems"), (_is_size, "a whole number, 0 or more")
    ),
    **dict.fromkeys(("minimum", "maximum"), (_is_number, "a number")),
}


def _properties(
    raw: Mapping[str, Any], path: str, equivalents: Mapping[str, Mapping[str, Any]]
) -> Mapping[str, Node]:
    properties = raw.get("properties")
    if not isinstance(properties, dict) or not properties:
        raise SchemaError(f"{path or 'the schema'}: an object needs properties")
    for name in properties:
        if not _NAME.fullmatch(name):
            raise SchemaError(
                f"{path or 'the schema'}: invalid property name {name!r}: use letters, "
                "digits and _, a letter first, at most 128 characters"
            )
    required = set(raw.get("required", ()))
    if unknown := required - properties.keys():
        names = ", ".join(sorted(unknown))
        raise SchemaError(f"{path or 'the schema'}: required names unknown properties: {names}")
    prefix = f"{path}." if path else ""
    return {
        name: _node(child, prefix + name, equivalents, required=name in required)
        for name, child in properties.items()
    }


def _bound(raw: Mapping[str, Any], *keywords: str) -> float | None:
    return next((raw[keyword] for keyword in keywords if keyword in raw), None)


def check(node: Node, value: object) -> Any:
    """Check a value and return it with absent properties set to null.

    Absent lists become empty, and unknown properties are dropped. Raises `Mismatch`.
    """
    if value is None:
        if node.optional:
            return [] if node.kind == "array" else None
        raise Mismatch(node.path, "null", missing=True)
    return _CHECKS[node.kind](node, value)


def is_valid(node: Node, value: object) -> bool:
    """Whether a value is as a part of the schema says."""
    try:
        check(node, value)
    except Mismatch:
        return False
    return True


def _object(node: Node, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Mismatch(node.path, "not an object")
    checked: dict[str, Any] = {}
    for name, child in (node.properties or {}).items():
        if name in value:
            checked[name] = check(child, value[name])
        elif child.optional:
            checked[name] = [] if child.kind == "array" else None
        else:
            raise Mismatch(child.path, "absent", missing=True)
    return checked


def _array(node: Node, value: object) -> list[Any]:
    if not isinstance(value, list):
        raise Mismatch(node.path, "not a list")
    _within(node, len(value), "number of elements")
    items = node.items
    return [check(items, element) for element in value] if items else value


def _string(node: Node, value: object) -> str:
    if not isinstance(value, str):
        raise Mismatch(node.path, "not a string")
    if _UNSTORABLE.search(value):
        raise Mismatch(node.path, "has a character that no table can store")
    if node.values is not None and value not in node.values:
        raise Mismatch(node.path, "not one of its enum")
    if node.pattern and not node.pattern.search(value):
        raise Mismatch(node.path, "does not match its pattern")
    _within(node, len(value), "length")
    return value


def _integer(node: Node, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Mismatch(node.path, "not an integer")
    if abs(value) > LARGEST_INTEGER:
        raise Mismatch(node.path, "larger than a table can store")
    _within(node, value, "size")
    return value


def _number(node: Node, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Mismatch(node.path, "not a number")
    if abs(value) > LARGEST_NUMBER and isinstance(value, int):
        raise Mismatch(node.path, "larger than a table can store")
    if value != value or value in (float("inf"), float("-inf")):
        raise Mismatch(node.path, "not a finite number")
    _within(node, value, "size")
    return value


def _boolean(node: Node, value: object) -> bool:
    if not isinstance(value, bool):
        raise Mismatch(node.path, "not true or false")
    return value


def _within(node: Node, size: float, what: str) -> None:
    if node.least is not None and size < node.least:
        raise Mismatch(node.path, f"{what} below its bound", missing=size == 0)
    if node.most is not None and size > node.most:
        raise Mismatch(node.path, f"{what} above its bound")


_CHECKS: Mapping[str, Callable[[Node, object], Any]] = {
    "object": _object,
    "array": _array,
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
}


def has_unknown(node: Node, value: object) -> bool:
    """Return whether the value has a property that the schema does not have."""
    if isinstance(value, list) and node.items is not None:
        items = node.items
        return any(has_unknown(items, element) for element in value)
    if not isinstance(value, dict) or node.properties is None:
        return False
    known = node.properties
    return any(n not in known or has_unknown(known[n], child) for n, child in value.items())


def leaves(node: Node) -> Iterator[Node]:
    """Yield the nodes that can become columns: everything below the root except objects."""
    for child in (node.properties or {}).values():
        if child.kind == "object":
            yield from leaves(child)
        else:
            yield child
