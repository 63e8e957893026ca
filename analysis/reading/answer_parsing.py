"""The columns of an answer, and how the text of a finished answer is parsed into them.

The first parsing step that succeeds gives the columns:

step                                                       repair grade
strict JSON that fits the schema                           exact
cleanup: bom, fence, prose, controls, trailing_comma       mended
json_repair, and the repair check found nothing lost       repaired_safe

How well the values fit the schema is another question, and the answer's `grade`: see `fitting`.

An answer that is exactly as the schema says takes a quick way: one struct, generated from the schema,
is decoded and encoded. Other spellings and absent, unknown or doubled properties go to `fitting`, which
alone decides whether an answer is rejected.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from math import ceil, floor
from operator import attrgetter
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from analysis.fitting import Fitted, Incomplete, Rules, fit, is_blank
from analysis.reading.cleanup import unwrap, without_trailing_commas
from analysis.reading.repair import RepairFailed, safe_repair
from analysis.reading.repair_check import RepairUnproven
from analysis.schema import (
    LARGEST_INTEGER,
    LARGEST_NUMBER,
    Mismatch,
    Node,
    has_unknown,
    is_valid,
    leaves,
)
from analysis.strict_json import DuplicateKey, InvalidJson, parse

READER_VERSION = 3
"""To be raised with every change after which some answer is read otherwise.

It is a part of `reader_fingerprint`, which every stored row carries.
"""

RepairGrade = Literal["exact", "mended", "repaired_safe"]

_encode = msgspec.json.Encoder().encode


class RejectedAnswer(Exception):
    """An answer that becomes an error instead of a row.

    `error_type` is a name from `ERRORS`; `detail` holds field names and rules, never content.
    """

    def __init__(self, error_type: str, detail: str) -> None:
        self.error_type = error_type
        self.detail = detail
        super().__init__(f"{error_type}: {detail}")


@dataclass(frozen=True, slots=True)
class Contract:
    """The schema of an answer and its columns, prepared once for all answers of an analysis."""

    root: Node
    columns: Mapping[str, str]
    """Column name to path in the answer, in the order of the table."""
    summary: str
    """The required column: an answer without it gives no row."""
    rules: Rules
    encode: Callable[[str], bytes | None]
    """Encodes the answer of a text that is as the schema says, without what the schema lacks."""

    @classmethod
    def of(
        cls,
        root: Node,
        columns: Mapping[str, str],
        summary: str,
        *,
        min_complete: float = 0.5,
        exact_only: bool = False,
    ) -> "Contract":
        """Build the contract with its struct."""
        rules = Rules.of(root, columns, summary, min_complete, exact_only=exact_only)
        return cls(root, columns, summary, rules, struct_encoder(root, rules.texts))

    def fit(self, value: object, *, reject_unknown: bool = False) -> Fitted:
        """Fit a parsed answer to the schema. Raises `RejectedAnswer`.

        `reject_unknown`: after a repair, an unknown property may be a damaged name, and a value that
        does not fit a damaged value.
        """
        if reject_unknown and has_unknown(self.root, value):
            raise RejectedAnswer("repaired_lossy", "unknown property after a repair")
        try:
            fitted = fit(self.rules, value)
        except Incomplete as incomplete:
            raise RejectedAnswer("incomplete_answer", str(incomplete)) from None
        except Mismatch as mismatch:
            raise RejectedAnswer(self._error_type(mismatch), str(mismatch)) from None
        if reject_unknown and fitted.raw:
            raise RejectedAnswer("repaired_lossy", "a value does not fit after a repair")
        return fitted

    def _error_type(self, mismatch: Mismatch) -> str:
        if not mismatch.missing:
            return "schema_mismatch"
        is_summary = f"{self.columns[self.summary]}.".startswith(f"{mismatch.path}.")
        return "missing_summary" if is_summary else "incomplete_answer"


class Answer(msgspec.Struct, frozen=True, gc=False):
    """A parsed answer, and how it was parsed."""

    encoded: bytes
    """JSON with the properties of the schema."""
    method: str
    """`strict`, or the names of the steps joined by `+`, e.g. `fence+trailing_comma`."""
    repair_grade: RepairGrade
    fitted: Fitted | None = None
    """What was changed to fit the schema; None for an answer that is exact."""


def read_strictly(text: str, contract: Contract) -> Answer:
    """Parse the answer without any cleanup. Raises `InvalidJson` or `RejectedAnswer`."""
    return _read_json(text, contract, "strict", "exact")


def read_answer(text: str, contract: Contract) -> Answer:
    """Parse the answer by the first step that succeeds. Raises `RejectedAnswer`.

    Only text that is not JSON goes on to the next step. JSON without what the schema requires is
    rejected at once: no step adds it.
    """
    try:
        return read_strictly(text, contract)
    except InvalidJson as invalid:
        last_error = invalid
    body, wrapping = unwrap(text)
    for candidate, cleanups in _cleaned(body, wrapping):
        if candidate != text:
            try:
                # Only blanks that JSON does not allow were removed: that counts as prose.
                return _read_json(candidate, contract, "+".join(cleanups) or "prose", "mended")
            except InvalidJson as invalid:
                last_error = invalid
        if not last_error.is_control_character:
            continue  # allowing control characters would fail at the same place
        try:
            value = _parsed(candidate, allow_controls=True)
        except InvalidJson:
            continue
        method = "+".join([*wrapping, "controls", *cleanups[len(wrapping) :]])
        return _answer(contract.fit(value, reject_unknown=True), method, "mended")
    if "{" not in body:
        raise RejectedAnswer("json_parse_error", "no object in the answer")
    return _repaired(body, wrapping, contract)


def _read_json(text: str, contract: Contract, method: str, grade: RepairGrade) -> Answer:
    encoded = contract.encode(text)
    if encoded is not None and is_whole(text, encoded):
        return Answer(encoded, method, grade)
    return _answer(contract.fit(_parsed(text)), method, grade)


def _answer(fitted: Fitted, method: str, grade: RepairGrade) -> Answer:
    return Answer(_encode(fitted.answer), method, grade, fitted)


def _parsed(text: str, *, allow_controls: bool = False) -> Any:
    try:
        return parse(text, allow_controls=allow_controls)
    except DuplicateKey:
        raise RejectedAnswer("json_parse_error", "duplicate property") from None


def _cleaned(body: str, wrapping: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield the texts to try with the names of their cleanups, the least changed first."""
    yield body, wrapping
    without = without_trailing_commas(body)
    if without != body:
        yield without, [*wrapping, "trailing_comma"]


def _repaired(body: str, wrapping: list[str], contract: Contract) -> Answer:
    try:
        fitted = contract.fit(safe_repair(body), reject_unknown=True)
    except RepairFailed as reason:
        raise RejectedAnswer("json_parse_error", str(reason)) from None
    except RepairUnproven as reason:
        raise RejectedAnswer("repaired_lossy", str(reason)) from None
    return _answer(fitted, "+".join([*wrapping, "json_repair"]), "repaired_safe")


def struct_encoder(root: Node, texts: frozenset[str]) -> Callable[[str], bytes | None]:
    """Make a function from an answer's text to the answer, encoded again as JSON.

    `texts` are the paths of the texts that an answer must have. The function returns None for a text
    that is not as the schema says, or has a character that no table can store. It leaves out what the schema does not have, which the caller
    notices by `is_whole`.
    """
    decode = msgspec.json.Decoder(_struct_of(root)).decode
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
    if "\\" in text and "\\u0022" in text:
        return False
    return text.count('"') == encoded.count(b'"')


def _is_cached(leaf: Node) -> bool:
    """Whether a pattern is checked behind the decoder: an absent group has no values to check."""
    return "." not in leaf.path


def _struct_of(node: Node) -> Any:
    """Return the struct of an object. What is absent stays absent, and is never a default: that
    would be encoded, and its quotes could stand for those of an unknown property.
    """
    fields: list[Any] = []
    for name, child in (node.properties or {}).items():
        kind = _type_of(child)
        if child.optional and child.kind != "array":
            # A null where a list belongs is stored as an empty list, so that is for `fitting`.
            kind = kind | None
        fields.append((name, kind) if child.required else (name, kind | UnsetType, UNSET))
    return msgspec.defstruct("Answer", fields, frozen=True, gc=False, kw_only=True)


def _type_of(node: Node) -> Any:
    if node.kind == "object":
        return _struct_of(node)
    if node.kind == "array":
        assert node.items is not None, "a list has elements"  # noqa: S101
        return Annotated[list[_type_of(node.items)], _size(node)]  # type: ignore[misc] # a type that is made here
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
