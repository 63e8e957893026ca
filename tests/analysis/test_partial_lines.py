"""Lines that end too early: what can be read of them, and what is never taken for an answer."""

import json
from typing import Any

import pytest

from analysis import Reader, Reading
from tests.analysis.making import ANSWER, CALL_REVIEW, RECORD, prediction

TEXT = json.dumps(ANSWER)


def broken(candidate: str) -> Reading:
    """The reading of a line with this candidate, broken after its response."""
    line = prediction(response={"candidates": ["here"]}, key=f"k-{RECORD}").decode()
    whole = line.replace('"here"', candidate).removesuffix("}")
    return Reader(CALL_REVIEW).read_line((whole + ', "more": ').encode(), 1)[0]


def candidate(*parts: dict[str, Any], end: str = '"finishReason": "STOP"') -> str:
    return f'{{"content": {{"parts": {json.dumps(list(parts))}}}, {end}}}'


def is_row(reading: Reading) -> bool:
    assert RECORD == reading.record_id
    assert (reading.error_type is None) == (reading.repair_grade is not None)
    return reading.error_type is None


def test_a_finished_answer_before_the_break_is_a_row() -> None:
    """Thoughts are left out, as in a whole line."""
    assert is_row(broken(candidate({"text": TEXT})))
    assert is_row(broken(candidate({"text": "Hm.", "thought": True}, {"text": TEXT})))


@pytest.mark.parametrize(
    "end",
    [
        '"index": 0',
        '"finishReason": "MAX_TOKENS"',
        '"finishReason": "MAX_TOKENS", "finishReason": "STOP"',
        '"finishReason": "STOP", "finishReason": "MAX_TOKENS"',
    ],
    ids=["none", "cut off", "twice", "twice, the good one first"],
)
def test_an_answer_whose_end_is_not_certain_is_no_row(end: str) -> None:
    """Without a finish reason, with another one, and with two of them."""
    assert not is_row(broken(candidate({"text": TEXT}, end=end)))


def test_an_answer_that_has_to_be_repaired_is_no_row() -> None:
    """In a broken line nothing is repaired: the damage may be the same."""
    damaged = TEXT.replace('", "', '" "', 1)
    assert damaged != TEXT

    assert not is_row(broken(candidate({"text": damaged})))


def test_an_answer_with_a_part_that_cannot_be_read_is_no_row() -> None:
    """Its text would be that of the other parts alone."""
    assert not is_row(broken(candidate({"text": TEXT}, {"text": 5})))


def test_a_list_of_parts_without_its_end_is_no_answer() -> None:
    """A part may be missing, however whole the first one is."""
    start = f'{{"finishReason": "STOP", "content": {{"parts": [{json.dumps({"text": TEXT})}'
    line = prediction(response={"candidates": ["here"]}, key=f"k-{RECORD}").decode()
    cut = line[: line.index('"here"')] + start

    assert not is_row(Reader(CALL_REVIEW).read_line(cut.encode(), 1)[0])
