"""Fit a parsed answer to its schema, and list what was not exactly as the schema says.

exact        every value is as the schema says
normalised   a value became its equivalent: another spelling of an enum's value, "yes" for true, …
partial      a value that does not fit, or that is absent, is null in its column

The texts that an answer must have (required, not nullable, without an enum) are never null: without
one of them there is no row.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from analysis.languages import language_tag
from analysis.schema import Mismatch, Node, check, leaves
from analysis.strict_json import NotStrict, parse

Grade = Literal["exact", "normalised", "partial"]

WHOLE_ANSWER = "*"
"""Stands for all columns, where the answer as a whole was wrapped."""

_PLACEHOLDERS = frozenset(
    {
        "", "na", "null", "none", "nil", "nan", "undefined", "string", "text", "notavailable",
        "notapplicable", "placeholder", "tbd", "todo", "empty",
    }
)  # fmt: skip
"""Texts without a content, folded."""
_LONGEST_PLACEHOLDER = 20
_TRUTHS = {
    **dict.fromkeys(("true", "yes", "y", "1"), True),
    **dict.fromkeys(("false", "no", "n", "0"), False),
}
_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")
_INTEGER = re.compile(r"[+-]?[0-9]{1,16}(\.0+)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?[0-9]{1,16}(\.[0-9]{1,16})?([eE][+-]?[0-9]{1,2})?", re.ASCII)
_SHORTEST_PART = 3
"""Characters that one name must have in common with another that it is taken for."""


class Incomplete(Exception):
    """Too much of an answer is missing. The message has paths of the schema, never a value."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What an analysis takes for a row: its schema, prepared once for all answers."""

    root: Node
    columns: Mapping[str, str]
    """Path in the answer to column."""
    texts: frozenset[str]
    """Paths of the texts that an answer must have."""
    min_complete: float
    """Share of the other required properties that must be there and fit."""
    exact_only: bool

    @classmethod
    def of(
        cls,
        root: Node,
        columns: Mapping[str, str],
        summary: str,
        min_complete: float,
        *,
        exact_only: bool,
    ) -> "Rules":
        """`columns` maps column to path; `summary` is the column that every row must have."""
        texts = frozenset({columns[summary], *_required_texts(root)})
        paths = {path: column for column, path in columns.items()}
        return cls(root, paths, texts, min_complete, exact_only)


@dataclass(slots=True)
class Fitted:
    """An answer with the properties of its schema, and what was changed for it."""

    answer: dict[str, Any] = field(default_factory=dict)
    normalised: list[str] = field(default_factory=list)
    """Columns whose value became its equivalent."""
    nulled: list[str] = field(default_factory=list)
    """Columns that are null because their value did not fit, or was absent though required."""
    raw: dict[str, Any] = field(default_factory=dict)
    """What the model wrote for them: by column, or by path where it is no column's value."""

    @property
    def grade(self) -> Grade:
        return "partial" if self.nulled else "normalised" if self.normalised else "exact"


def fit(rules: Rules, value: object) -> Fitted:
    """Fit a parsed answer. Raises `Mismatch` for one without a required text, or `Incomplete`."""
    return _Fitting(rules).run(value)


def is_blank(text: str) -> bool:
    """Whether a text says nothing: blanks, or a placeholder such as `N/A`."""
    return (len(text) <= _LONGEST_PLACEHOLDER and fold(text) in _PLACEHOLDERS) or not text.strip()


def fold(text: str) -> str:
    """Return what two spellings of one value have in common: letters and digits, in one case."""
    return _NOT_ALPHANUMERIC.sub("", text).casefold()


def _required_texts(node: Node) -> Iterator[str]:
    for child in (node.properties or {}).values():
        if not child.optional:
            if child.kind == "string" and child.values is None:
                yield child.path
            yield from _required_texts(child)


class _Fitting:
    """One answer that is fitted."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._fitted = Fitted()
        self._lost = set[str]()
        """Paths of what is absent or did not fit."""

    def run(self, value: object) -> Fitted:
        root, fitted = self._rules.root, self._fitted
        unwrapped = _unwrapped(root, value)
        if unwrapped is not value:
            self._refuse_if_exact_only(Mismatch("", "wrapped"))
            fitted.normalised.append(WHOLE_ANSWER)
        fitted.answer = self._object(root, unwrapped)
        complete = self._completeness(root) if self._lost else 1.0
        if complete < self._rules.min_complete:
            missing = ", ".join(sorted(self._lost))
            raise Incomplete(f"{complete:.0%} of the required properties; not: {missing}"[:200])
        fitted.normalised = [c for c in fitted.normalised if c not in fitted.nulled]
        return fitted

    def _value(self, node: Node, value: object) -> Any:
        if value is None:
            if not node.optional or self._holds_text(node):
                raise Mismatch(node.path, "null", missing=True)
            return [] if node.kind == "array" else None
        if node.kind == "object":
            return self._object(node, self._group(node, value))
        return self._list(node, value) if node.kind == "array" else self._scalar(node, value)

    def _object(self, node: Node, value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Mismatch(node.path, "not an object")
        properties = node.properties or {}
        members = self._members(node, value)
        return {
            name: self._member(child, members[name]) if name in members else self._absent(child)
            for name, child in properties.items()
        }

    def _members(self, node: Node, value: dict[str, Any]) -> dict[str, Any]:
        """Return the members by the names of the schema; other spellings of a name are found."""
        properties = node.properties or {}
        unknown = value.keys() - properties.keys()
        if not unknown:
            return value
        members = {name: child for name, child in value.items() if name in properties}
        absent = properties.keys() - members.keys()
        for name in sorted(absent):
            spellings = [other for other in unknown if fold(other) == fold(name)]
            if len(spellings) == 1:
                members[name] = value[spellings[0]]
                unknown.discard(spellings[0])
                self._normalise(properties[name], {spellings[0]: value[spellings[0]]})
            elif similar := [each for each in sorted(unknown) if _is_similar(each, name)]:
                self._keep_renamed(properties[name], similar[0], value[similar[0]])
        return members

    def _keep_renamed(self, node: Node, name: str, value: object) -> None:
        """Keep the value of an unknown property whose name is nearly that of an absent one."""
        if "[]" not in node.path:
            self._lose(node, Mismatch(node.path, "absent", missing=True))
            self._fitted.raw[self._columns(node)[0]] = {name: value}

    def _member(self, node: Node, value: object) -> Any:
        try:
            return self._value(node, value)
        except Mismatch as mismatch:
            if "[]" in node.path and not node.optional:
                raise
            self._lose(node, mismatch)
            columns = self._columns(node)
            self._fitted.raw[columns[0] if node.path in self._rules.columns else node.path] = value
            return [] if node.kind == "array" else None

    def _absent(self, node: Node) -> Any:
        if (node.required or self._holds_text(node)) and node.path not in self._lost:
            if "[]" in node.path and not node.optional:
                raise Mismatch(node.path, "absent", missing=True)
            self._lose(node, Mismatch(node.path, "absent", missing=True))
        return [] if node.kind == "array" else None

    def _lose(self, node: Node, mismatch: Mismatch) -> None:
        """Leave the columns below a node null. Raises the mismatch when a required text is below."""
        if self._holds_text(node):
            raise mismatch
        self._refuse_if_exact_only(mismatch)
        self._lost.add(node.path)
        self._fitted.nulled += [c for c in self._columns(node) if c not in self._fitted.nulled]

    def _holds_text(self, node: Node) -> bool:
        """Whether a node is, or holds, a text that an answer must have."""
        return any(f"{path}.".startswith(f"{node.path}.") for path in self._rules.texts)

    def _normalise(self, node: Node, raw: object) -> None:
        for column in self._columns(node):
            if column not in self._fitted.normalised:
                self._fitted.normalised.append(column)
                self._fitted.raw[column] = raw

    def _refuse_if_exact_only(self, mismatch: Mismatch) -> None:
        if self._rules.exact_only:
            raise mismatch

    def _columns(self, node: Node) -> list[str]:
        """Return the columns that a node fills: of a group all of them, in a list that of the list."""
        columns, path = self._rules.columns, node.path.partition("[]")[0]
        if path in columns:
            return [columns[path]]
        return [columns[leaf.path] for leaf in leaves(node)]

    def _group(self, node: Node, value: object) -> object:
        unwrapped = _unwrapped(node, value) if not isinstance(value, dict) else value
        if unwrapped is not value:
            self._refuse_if_exact_only(Mismatch(node.path, "wrapped"))
            self._normalise(node, value)
        return unwrapped

    def _list(self, node: Node, value: object) -> list[Any]:
        items = node.items
        assert items is not None, "a list has elements"  # noqa: S101
        listed = (each for is_listed, each in equivalents_of(node, value) if is_listed)
        given = next(listed, value)
        elements = given if isinstance(given, list) else _as_list(node, items, given)
        kept = [element for element in elements if element is not None]
        if len(kept) < len(elements) or elements is not value:
            if elements is not given or given is value:
                self._refuse_if_exact_only(Mismatch(node.path, "not a list of values"))
            self._normalise(node, value)
        fitted = [self._value(items, element) for element in kept]
        check(Node("array", node.path, least=node.least, most=node.most), fitted)
        return fitted

    def _scalar(self, node: Node, value: object) -> Any:
        try:
            fitted = check(node, value)
        except Mismatch as mismatch:
            fitted = self._equivalent(node, value, mismatch)
        if node.path in self._rules.texts and is_blank(fitted):
            raise Mismatch(node.path, "blank", missing=True)
        return fitted

    def _equivalent(self, node: Node, value: object, mismatch: Mismatch) -> Any:
        for is_listed, candidate in equivalents_of(node, value):
            try:
                fitted = check(node, candidate)
            except Mismatch:
                continue
            if not is_listed:
                self._refuse_if_exact_only(mismatch)
            self._normalise(node, value)
            return fitted
        raise mismatch

    def _completeness(self, node: Node) -> float:
        """Return the share of the required properties below a node that are there and fit.

        Each property of an object counts alike; one that is an object counts by its own share.
        """
        if node.path in self._lost:
            return 0.0
        required = [
            child
            for child in (node.properties or {}).values()
            if child.required and child.path not in self._rules.texts
        ]
        return sum(map(self._completeness, required)) / len(required) if required else 1.0


def equivalents_of(node: Node, value: object) -> Iterator[tuple[bool, Any]]:
    """Yield values that a value may stand for, each with whether its spelling is a listed one.

    Listed are the analysis' own equivalents, and the values of an enum in another spelling.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return
    if isinstance(value, str):
        listed = node.equivalents or {}
        if value in listed:
            yield True, listed[value]
        for candidates in (listed, {each: each for each in node.values or ()}):
            same = [text for text in candidates if fold(text) == fold(value) != ""]
            if len(same) == 1:
                yield True, candidates[same[0]]
        yield from ((False, each) for each in _of_text(node, value.strip()))
    elif node.kind == "string":
        yield False, str(value)
    elif node.kind == "boolean" and value in (0, 1):
        yield False, bool(value)
    elif node.kind == "integer" and isinstance(value, float) and value.is_integer():
        yield False, int(value)


def _of_text(node: Node, text: str) -> Iterator[Any]:
    if node.kind == "boolean" and (folded := fold(text)) in _TRUTHS:
        yield _TRUTHS[folded]
    elif node.kind == "integer" and _INTEGER.fullmatch(text):
        yield int(text.partition(".")[0])
    elif node.kind == "number" and _NUMBER.fullmatch(text):
        yield float(text)
    elif node.kind == "string" and not is_blank(text):
        yield text
        if node.is_language and (tag := language_tag(text)):
            yield tag


def _as_list(node: Node, items: Node, value: object) -> list[Any]:
    """Return a single value as a list of it. Raises `Mismatch` for one that is no element."""
    is_element = isinstance(value, dict) if items.kind == "object" else not isinstance(value, dict)
    if not is_element or (isinstance(value, str) and is_blank(value)):
        raise Mismatch(node.path, "not a list")
    return [value]


def _unwrapped(node: Node, value: object) -> object:
    """Take one level of wrapping off an object: a list, another object, or JSON in a string."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            return parse(value)
        except NotStrict:
            return value
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
        return value[0]
    if isinstance(value, dict) and len(value) == 1:
        ((name, inner),) = value.items()
        known = {fold(each) for each in node.properties or {}}
        if isinstance(inner, dict) and fold(name) not in known:
            return inner
    return value


def _is_similar(name: str, other: str) -> bool:
    """Whether one of two names is the beginning of the other, such as `topic` and `topics`."""
    short, long = sorted((fold(name), fold(other)), key=len)
    return len(short) >= _SHORTEST_PART and long.startswith(short)
