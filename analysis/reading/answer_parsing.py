"""From the text of a finished answer to columns, by the first rung that holds.

strict     JSON that fits the schema                                        exact
bom, fence, prose, controls, trailing_comma                                 mended
json_repair with proof that every word is where it was                      repaired_safe
json_repair without it: an error, unless the reader admits it               repaired_lossy
"""

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from analysis.contract import Contract, Unfit
from analysis.reading.cleanup import unwrap, without_trailing_commas
from analysis.reading.fast_path import Values
from analysis.reading.repair import Hopeless, lossy_repair, safe_repair
from analysis.reading.repair_check import Unproven
from analysis.reading.strict_json import Malformed, Repeated, parse

Grade = Literal["exact", "mended", "repaired_safe", "repaired_lossy"]


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What an answer says, and how it was read."""

    values: Values
    """Of the columns, in their order."""
    method: str
    grade: Grade


def read_strictly(text: str, contract: Contract) -> Answer:
    """The answer as it stands. Raises `Malformed` or `Unfit`."""
    return Answer(_plainly(text, contract), "strict", "exact")


def read_answer(text: str, contract: Contract, *, admit_lossy: bool) -> Answer:
    """The answer by the first rung that holds. Raises `Unfit` with an error type.

    A rung is left for the next one only when the text is not JSON; JSON that does not fit the
    schema is a verdict, and nothing is done to make it fit.
    """
    try:
        return read_strictly(text, contract)
    except Malformed as malformed:
        complaint = malformed
    body, wrapping = unwrap(text)
    for candidate, mends in _mended(body, wrapping):
        if candidate != text:
            try:
                method = "+".join(mends) or "prose"
                return Answer(_plainly(candidate, contract), method, "mended")
            except Malformed as malformed:
                complaint = malformed
        if not complaint.over_a_control:
            continue  # any other complaint would come again, word for word
        try:
            value = _parsed(candidate, raw_controls=True)
        except Malformed:
            continue
        values = contract.from_value(value, as_asked=True)
        return Answer(values, "+".join([*wrapping, "controls", *mends[len(wrapping) :]]), "mended")
    if "{" not in body:
        raise Unfit("json_parse_error", "no object in the answer")
    return _repaired(body, wrapping, contract, admit_lossy=admit_lossy)


def _plainly(text: str, contract: Contract) -> Values:
    return contract.from_text(text) or contract.from_value(_parsed(text))


def _parsed(text: str, *, raw_controls: bool = False) -> Any:
    try:
        return parse(text, raw_controls=raw_controls)
    except Repeated:
        raise Unfit("json_parse_error", "a property stands twice") from None


def _mended(body: str, wrapping: list[str]) -> Iterator[tuple[str, list[str]]]:
    """The mends to try, the smallest first. Without any, blanks that JSON does not know went."""
    yield body, wrapping
    without = without_trailing_commas(body)
    if without != body:
        yield without, [*wrapping, "trailing_comma"]


def _repaired(body: str, wrapping: list[str], contract: Contract, *, admit_lossy: bool) -> Answer:
    method = "+".join([*wrapping, "json_repair"])
    try:
        values = contract.from_value(safe_repair(body), as_asked=True)
        return Answer(values, method, "repaired_safe")
    except Hopeless as reason:
        raise Unfit("json_parse_error", str(reason)) from None
    except Unproven as doubt:
        if not admit_lossy:
            raise Unfit("repaired_lossy", str(doubt)) from None
    try:
        return Answer(contract.from_value(lossy_repair(body)), method, "repaired_lossy")
    except Hopeless as reason:
        raise Unfit("json_parse_error", str(reason)) from None
