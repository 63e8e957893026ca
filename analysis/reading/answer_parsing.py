"""The columns of an answer, and how the text of a finished answer is parsed into them.

The first parsing step that succeeds gives the columns:

step                                                       repair grade
strict JSON that fits the schema                           exact
cleanup: bom, fence, prose, controls, trailing_comma       mended
json_repair, and the repair check found nothing lost       repaired_safe
json_repair without that check                             repaired_lossy

A `repaired_lossy` answer is an error, unless the reader was made with `admit_lossy`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from analysis.reading.cleanup import unwrap, without_trailing_commas
from analysis.reading.fast_path import TypedReader, Values, typed_reader
from analysis.reading.repair import RepairFailed, lossy_repair, safe_repair
from analysis.reading.repair_check import RepairUnproven
from analysis.schema import Mismatch, Node, check, has_unknown, leaves
from analysis.strict_json import DuplicateKey, InvalidJson, parse

READER_VERSION = 1
"""To be raised with every change after which some answer is read otherwise.

It is a part of `reader_fingerprint`, which every stored row carries.
"""

Grade = Literal["exact", "mended", "repaired_safe", "repaired_lossy"]


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
    lists: frozenset[str] = frozenset()
    """Columns of mode REPEATED: an absent value is the empty list, not null."""
    typed: TypedReader | None = None
    """The fast path; None when the schema is outside of what it supports."""
    summary_index: int = 0
    """Position of `summary` among the columns."""

    @classmethod
    def of(cls, root: Node, columns: Mapping[str, str], summary: str) -> "Contract":
        """Build the contract with its fast path."""
        kinds = {leaf.path: leaf.kind for leaf in leaves(root)}
        lists = frozenset(column for column, path in columns.items() if kinds[path] == "array")
        summary_index = list(columns).index(summary)
        return cls(root, columns, summary, lists, typed_reader(root, columns), summary_index)

    def from_text(self, text: str) -> Values | None:
        """Return the column values by the fast path, or None to use `from_value` instead."""
        values = self.typed(text) if self.typed else None
        summary = values[self.summary_index] if values else None
        return values if summary and summary.strip() else None

    def from_value(self, value: object, *, reject_unknown: bool = False) -> Values:
        """Return the column values of a parsed answer, in order. Raises `RejectedAnswer`.

        Unknown properties are ignored, unless `reject_unknown` is set: after a repair, an unknown
        property may be a damaged name, and its value would be lost.
        """
        if reject_unknown and has_unknown(self.root, value):
            raise RejectedAnswer("repaired_lossy", "unknown property after a repair")
        try:
            answer = check(self.root, value)
        except Mismatch as mismatch:
            if mismatch.path == self.columns[self.summary] and mismatch.missing:
                raise RejectedAnswer("missing_summary", str(mismatch)) from None
            raise RejectedAnswer("schema_mismatch", str(mismatch)) from None
        row = {column: _at(answer, path) for column, path in self.columns.items()}
        row.update((column, []) for column in self.lists if row[column] is None)
        summary = row[self.summary]
        if not summary or not summary.strip():
            raise RejectedAnswer("missing_summary", f"{self.columns[self.summary]}: blank")
        return tuple(row.values())


def _at(answer: Any, path: str) -> Any:
    for name in path.split("."):
        if answer is None:
            return None
        answer = answer[name]
    return answer


class Answer(msgspec.Struct, frozen=True, gc=False):
    """A parsed answer, and how it was parsed."""

    values: Values
    """One for each column, in the order of the columns."""
    method: str
    """`strict`, or the names of the steps joined by `+`, e.g. `fence+trailing_comma`."""
    grade: Grade


def read_strictly(text: str, contract: Contract) -> Answer:
    """Parse the answer without any cleanup. Raises `InvalidJson` or `RejectedAnswer`."""
    return Answer(_values_of(text, contract), "strict", "exact")


def read_answer(text: str, contract: Contract, *, admit_lossy: bool) -> Answer:
    """Parse the answer by the first step that succeeds. Raises `RejectedAnswer`.

    Only text that is not JSON goes on to the next step. JSON that does not fit the schema is
    rejected at once: no step makes it fit.
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
                method = "+".join(cleanups) or "prose"
                return Answer(_values_of(candidate, contract), method, "mended")
            except InvalidJson as invalid:
                last_error = invalid
        if not last_error.is_control_character:
            continue  # allowing control characters would fail at the same place
        try:
            value = _parsed(candidate, allow_controls=True)
        except InvalidJson:
            continue
        values = contract.from_value(value, reject_unknown=True)
        method = "+".join([*wrapping, "controls", *cleanups[len(wrapping) :]])
        return Answer(values, method, "mended")
    if "{" not in body:
        raise RejectedAnswer("json_parse_error", "no object in the answer")
    return _repaired(body, wrapping, contract, admit_lossy=admit_lossy)


def _values_of(text: str, contract: Contract) -> Values:
    return contract.from_text(text) or contract.from_value(_parsed(text))


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


def _repaired(body: str, wrapping: list[str], contract: Contract, *, admit_lossy: bool) -> Answer:
    method = "+".join([*wrapping, "json_repair"])
    try:
        values = contract.from_value(safe_repair(body), reject_unknown=True)
        return Answer(values, method, "repaired_safe")
    except RepairFailed as reason:
        raise RejectedAnswer("json_parse_error", str(reason)) from None
    except RepairUnproven as reason:
        if not admit_lossy:
            raise RejectedAnswer("repaired_lossy", str(reason)) from None
    try:
        return Answer(contract.from_value(lossy_repair(body)), method, "repaired_lossy")
    except RepairFailed as reason:
        raise RejectedAnswer("json_parse_error", str(reason)) from None
