"""Parse the text of a finished answer into columns, by the first parsing step that succeeds.

step                                                       repair grade
strict JSON that fits the schema                           exact
cleanup: bom, fence, prose, controls, trailing_comma       mended
json_repair, and the repair check found nothing lost       repaired_safe
json_repair without that check                             repaired_lossy

A `repaired_lossy` answer is an error, unless the reader was made with `admit_lossy`.
"""

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from analysis.contract import Contract, RejectedAnswer
from analysis.reading.cleanup import unwrap, without_trailing_commas
from analysis.reading.fast_path import Values
from analysis.reading.repair import RepairFailed, lossy_repair, safe_repair
from analysis.reading.repair_check import RepairUnproven
from analysis.strict_json import DuplicateKey, InvalidJson, parse

Grade = Literal["exact", "mended", "repaired_safe", "repaired_lossy"]


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
