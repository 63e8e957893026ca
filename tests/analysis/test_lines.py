"""Splitting blocks into lines, and reading lines with their numbers."""

import json

from hypothesis import given
from hypothesis import strategies as st

from analysis import Reader, Reading, encode_reading, lines_of
from analysis.reading.prediction_line import TOO_LONG, _PartialLine
from tests.analysis.making import ANSWER, CALL_REVIEW, held, prediction


@held(200)
@given(st.lists(st.binary(max_size=8).map(lambda b: b.replace(b"\n", b"")), max_size=8), st.data())
def test_blocks_may_end_anywhere(lines: list[bytes], data: st.DataObject) -> None:
    """The lines are those of the file, for any sizes of blocks."""
    content = b"\n".join(lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=6)))
    ends = [*cuts, len(content)]
    blocks = [content[a:b] for a, b in zip([0, *cuts], ends, strict=True)]
    expected = content.split(b"\n")

    assert list(lines_of(blocks)) == (expected if expected[-1] else expected[:-1])


def test_a_line_over_the_limit_is_an_error_and_is_not_kept() -> None:
    """In one block or in many; later lines keep their numbers."""
    for size in (1, 7, 1000):
        content = b"ab\n" + b"x" * 50 + b"\ncd\n" + b"y" * 50
        blocks = [content[at : at + size] for at in range(0, len(content), size)]
        assert list(lines_of(blocks, longest=10)) == [b"ab", TOO_LONG, b"cd", TOO_LONG]

    reading = Reader(CALL_REVIEW).read_line(TOO_LONG, 3)[0]
    assert (reading.line, reading.error_type) == (3, "json_parse_error")


def test_a_line_over_the_limit_takes_no_memory() -> None:
    """However many blocks it has; up to the limit every piece is kept."""
    partial = _PartialLine(longest=10)

    partial.add(b"x" * 10)
    assert [b"x" * 10] == partial._pieces
    for _ in range(3):
        partial.add(b"x" * 10)
        assert [] == partial._pieces
    assert TOO_LONG == partial.end()


def test_blank_lines_are_counted_and_not_read() -> None:
    """A line's number is the one that an editor shows."""
    line = prediction(json.dumps(ANSWER))
    file = [b"\n", line + b"\r\n \t\n{\n", line]
    readings = list(Reader(CALL_REVIEW).read(file))

    assert [(r.line, r.error_type) for r in readings] == [
        (2, None),
        (4, "json_parse_error"),
        (5, None),
    ]


def test_a_row_is_one_line_with_its_answer_nested() -> None:
    """The fields of the reading, and the answer as its schema has it, for any content."""
    tricky = ',"columns":{"call_summary":"x"}}\n'
    reading = Reader(CALL_REVIEW).read_line(
        prediction(json.dumps({**ANSWER, "callSummary": tricky})), 1
    )[0]
    encoded = encode_reading(reading)
    row = json.loads(encoded)

    assert encoded.count(b"\n") == 1
    assert row["answer"] == {**ANSWER, "callSummary": tricky}
    assert row.keys() < {*Reading.__struct_fields__}


def test_an_error_is_a_line_without_columns() -> None:
    """Absent fields are null in every table."""
    row = json.loads(encode_reading(Reader(CALL_REVIEW).read_line(b"{", 9)[0]))

    assert (row["line"], row["error_type"], row["record_id"]) == (9, "json_parse_error", None)
    assert "answer" not in row
