"""The value of one label, checked against the part of the schema that its column has."""

import json
import math
from collections.abc import Iterator
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from analysis import Analysis
from analysis.fitting import equivalents_of, fold
from analysis.schema import Mismatch, Node, check
from analysis.strict_json import NotStrict, parse

NOT = "not"
"""The property of a label that says which value is wrong."""
OTHER_THAN = "other_than"
"""The property of a label that says which value is wrong, where every other one is right."""
_NULL = "null"
"""A cell that is the label "none", in files whose cells are text."""
_KINDS = {
    "boolean": "true or false",
    "array": "a JSON list as the schema has it",
    "integer": "a whole number",
    "number": "a number",
    "string": "a text",
}
_MOST_ALLOWED = 20
_LONGEST_SHOWN = 40
_LARGEST_SHOWN = 10**20
_MOST_WORDS = 4
"""A longer text is not shown in an error: it may be of a conversation."""


class WrongValue(Exception):
    """A label does not fit its column; the text says why, and what fits."""


class LabelColumn:
    """A column that labels may have: its part of the schema, and how labels of it are judged."""

    def __init__(
        self, name: str, node: Node, nullable: bool, *, shown: bool = False, key: str | None = None
    ) -> None:
        """`shown`: reports may count it by its values. `key`: the shown field of its objects."""
        self.name, self.node, self.nullable, self._key = name, node, nullable, key
        self.is_text = node.kind == "string" and not (node.values or node.pattern or shown)
        """A text of one's own words: another text may be right as well."""
        self.is_counted = not self.is_text and node.kind in ("string", "boolean")
        """Whether it has few values, which may be counted and shown."""

    def judge(self, label: Any, answer: Any) -> bool | None:
        """Return whether an answer is right by its label; None where the label cannot tell.

        A rejected value says nothing of other answers, and a text nothing of another text. Where any
        value but one is right, an answer without a value is not judged.
        """
        if is_exclusion(label):
            if self._same(label[OTHER_THAN], answer):
                return False
            return None if answer is None else True
        if is_rejection(label):
            return False if self._same(label[NOT], answer) else None
        if self._same(label, answer):
            return True
        is_open = self.is_text or (self._is_of_objects and self._key is None)
        return None if is_open and label and answer else False

    def _same(self, label: Any, answer: Any) -> bool:
        if isinstance(label, list) and isinstance(answer, list):
            return {*map(self._part, label)} == {*map(self._part, answer)}
        if isinstance(label, float) and isinstance(answer, int | float):
            return math.isclose(label, answer)
        return bool(label == answer) and isinstance(label, bool) == isinstance(answer, bool)

    def _part(self, element: Any) -> str:
        """Return what an element of a list is compared by, in one case."""
        if self._key is not None and isinstance(element, dict):
            element = element.get(self._key)
        return json.dumps(element, sort_keys=True).lower()

    def read(self, value: Any, *, is_text: bool) -> tuple[Any, bool]:
        """Return the label as it is kept, and whether it was written in another spelling.

        `is_text`: the file has no types, so that a cell may be the JSON of a value. Raises
        `WrongValue`.
        """
        given = self._typed(value) if is_text and isinstance(value, str) else value
        if isinstance(given, Decimal):
            given = int(given) if given == given // 1 else float(given)
        if is_exclusion(given):
            if not self.is_counted or given[OTHER_THAN] is None:
                raise WrongValue(
                    f'{OTHER_THAN} needs a value of a closed set: use {{"{NOT}": VALUE}}'
                )
            label, is_other = self._fitted(given[OTHER_THAN])
            return {OTHER_THAN: label}, is_other
        if is_rejection(given):
            wrong = given[NOT]
            label, is_other = (None, False) if wrong is None else self._fitted(wrong)
            return {NOT: label}, is_other
        return self._fitted(given)

    def _fitted(self, value: Any) -> tuple[Any, bool]:
        if value is None:
            return self._none(), False
        if isinstance(value, str) and not value.strip():
            raise WrongValue('blank: write null for "none", or leave it out')
        try:
            fitted = fit_label(self.node, value)
        except Mismatch as mismatch:
            raise WrongValue(self._problem(value, mismatch)) from mismatch
        return fitted, not self._is_of_objects and fitted != value

    @property
    def _is_of_objects(self) -> bool:
        """An object of a list gets the properties that it lacks, which is no other spelling."""
        return self.node.items is not None and self.node.items.kind == "object"

    def _none(self) -> Any:
        if self.node.kind == "array" and not self.node.least:
            return []
        if not self.nullable:
            raise WrongValue("null, and the schema has no null here: leave it out, or correct it")
        return None

    def _typed(self, text: str) -> Any:
        """Return what a cell stands for: JSON where the schema has no text, else the text itself."""
        stripped = text.strip()
        if stripped == _NULL:
            return None
        if stripped.startswith("{") and names_wrong_value(parsed := _json(stripped)):
            ((name, wrong),) = parsed.items()
            return {name: self._typed(wrong) if isinstance(wrong, str) else wrong}
        if self.node.kind == "string":
            return text
        if self.node.kind == "boolean":
            return {"true": True, "false": False}.get(stripped.lower(), stripped)
        return _json(stripped)

    def _problem(self, value: Any, mismatch: Mismatch) -> str:
        return f"{_shown(value)} is refused ({mismatch.rule}): {self._remedy(value)}"

    def _remedy(self, value: Any) -> str:
        node = self.node
        if node.values is not None:
            near = nearest(value, sorted(node.values)) if isinstance(value, str) else None
            meant = f"did you mean {near!r}? " if near else ""
            allowed = ", ".join(sorted(node.values)[:_MOST_ALLOWED])
            return (
                f"{meant}allowed are {allowed}{', …' if len(node.values) > _MOST_ALLOWED else ''}"
            )
        if node.pattern is not None:
            return f"use a text that matches {node.pattern.pattern}"
        bounds = [
            f"{word} {bound:g}"
            for word, bound in (("at least", node.least), ("at most", node.most))
            if bound is not None
        ]
        return f"use {', '.join([_KINDS[node.kind], *bounds])}"


def label_columns(analysis: Analysis) -> dict[str, LabelColumn]:
    """Return the columns that labels of an analysis may have, by name, in the table's order."""
    nodes = {node.path: (node, nullable) for node, nullable in _leaves(analysis.contract.root)}
    fields = dict(each.split(".", 1) for each in analysis.shown if "." in each)
    return {
        name: LabelColumn(name, *nodes[path], shown=name in analysis.shown, key=fields.get(name))
        for name, path in analysis.columns.items()
    }


def is_rejection(label: Any) -> bool:
    """Whether a label only says which value is wrong: `{"not": VALUE}`."""
    return isinstance(label, dict) and label.keys() == {NOT}


def is_exclusion(label: Any) -> bool:
    """Whether a label says that any value but one is right: `{"other_than": VALUE}`."""
    return isinstance(label, dict) and label.keys() == {OTHER_THAN}


def names_wrong_value(label: Any) -> bool:
    """Whether a label names a wrong value instead of the right one."""
    return is_rejection(label) or is_exclusion(label)


def fit_label(node: Node, value: Any) -> Any:
    """Return a value that the schema has, or the one that it is an equivalent of.

    The equivalents are those with which answers are read. Raises `Mismatch`.
    """
    if node.kind == "array" and node.items is not None and isinstance(value, list):
        items = node.items
        return check(node, [fit_label(items, each) for each in value])
    try:
        return check(node, value)
    except Mismatch:
        for _, candidate in equivalents_of(node, value):
            try:
                return check(node, candidate)
            except Mismatch:
                continue
        raise


def nearest(text: str, allowed: list[str], cutoff: float = 0.6) -> str | None:
    """Return the allowed text that is most like this one; None when no text is."""
    folded = {fold(each): each for each in allowed}
    found = get_close_matches(fold(text), [*folded], n=1, cutoff=cutoff)
    return folded[found[0]] if found else None


def shown(text: str) -> str | None:
    """Quote a short text of a file for an error; None for one that may be of a conversation."""
    is_short = len(text) <= _LONGEST_SHOWN and len(text.split()) <= _MOST_WORDS
    return repr(text) if is_short else None


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return shown(value) or f"a text of {len(value):,} characters"
    if isinstance(value, dict | list):
        return f"a {'list' if isinstance(value, list) else 'JSON object'}"
    if isinstance(value, bool | float | None):
        return json.dumps(value)
    is_short = isinstance(value, int) and abs(value) < _LARGEST_SHOWN
    return str(value) if is_short else f"the {'number' if isinstance(value, int) else 'value'}"


def _json(text: str) -> Any:
    """Return the JSON of a cell; the text itself when it is none."""
    try:
        return parse(text)
    except NotStrict:
        return text


def _leaves(node: Node, *, nullable: bool = False) -> Iterator[tuple[Node, bool]]:
    """Yield what can become a column, each with whether it, or an object around it, is optional."""
    for child in (node.properties or {}).values():
        may_be_null = nullable or child.optional
        if child.kind == "object":
            yield from _leaves(child, nullable=may_be_null)
        else:
            yield child, may_be_null
