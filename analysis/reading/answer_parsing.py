"""The columns of an answer, and how the text of a finished answer is parsed into them.

The first parsing step that succeeds gives the columns:

step                                                       repair grade
strict JSON that fits the schema                           exact
cleanup: bom, fence, prose, controls, trailing_comma       mended
json_repair, and the repair check found nothing lost       repaired_safe

How well the values fit the schema is another question, and the answer's `grade`: see `fitting`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from analysis.fitting import Fitted, Incomplete, Rules, fit
from analysis.reading.answer_struct import is_whole, struct_encoder
from analysis.reading.cleanup import unwrap, without_trailing_commas
from analysis.reading.repair import RepairFailed, safe_repair
from analysis.reading.repair_check import RepairUnproven
from analysis.schema import Mismatch, Node, has_unknown
from analysis.strict_json import DuplicateKey, InvalidJson, parse

READER_VERSION = 2
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
