"""Lines that look like the others of their file and are not: the fast path leaves them alone."""

import json
from typing import Any

import pytest

from analysis import Reader, Reading, encode_reading, fingerprint
from analysis.reading.reader import _TRIAL
from tests.analysis.making import ANSWER, CALL_REVIEW, OTHER, RECORD, echo
from tests.analysis.test_echo_frame import _line

TEXT = json.dumps(ANSWER)
THIRD = "ab" * 16


def quickly(line: bytes) -> Reading:
    """Read the line after one that taught the reader the constant bytes of the file.

    A reader that knows nothing must read it alike.
    """
    reader = Reader(CALL_REVIEW)
    assert reader.read_line(_line(), 1)[0].error_type is None
    quick, full = reader.read_line(line, 2)[0], Reader(CALL_REVIEW).read_line(line, 2)[0]
    assert encode_reading(full) == encode_reading(quick)
    return quick


def response(parts: list[dict[str, Any]], **candidate: Any) -> dict[str, Any]:
    fields = {"content": {"role": "model", "parts": parts}, "finishReason": "STOP"} | candidate
    return {"candidates": [fields], "modelVersion": "gemini-3.5-flash-lite"}


def test_a_usual_line_of_another_record_is_a_row() -> None:
    """So the cases below differ from a line that is read quickly."""
    reading = quickly(_line(OTHER, "Good morning."))

    assert (OTHER, None, "exact") == (reading.record_id, reading.error_type, reading.repair_grade)


@pytest.mark.parametrize(
    "line",
    [
        _line(OTHER, key=f"k-{THIRD}"),
        _line(OTHER, request=echo("Hello?", OTHER) | {"labels": {"record": f"k-{THIRD}"}}),
        _line(OTHER, request=echo("Hello?", THIRD) | {"labels": {"record": f"k-{OTHER}"}}),
    ],
    ids=["key", "label", "fence"],
)
def test_key_label_and_fence_name_one_record(line: bytes) -> None:
    """The answer may be another call's."""
    assert "key_mismatch" == quickly(line).error_type


def test_a_label_of_another_record_is_seen_within_the_constant_bytes() -> None:
    """Every other byte of the echo is equal."""
    line = _line(OTHER)
    label = b'"labels":{"record":"k-' + OTHER.encode()
    assert label in line

    changed = line.replace(label, label.replace(OTHER.encode(), THIRD.encode()))

    assert "key_mismatch" == quickly(changed).error_type


def test_a_key_of_another_record_is_seen_behind_the_constant_bytes() -> None:
    """The echo is that of one record throughout."""
    line = _line(OTHER)
    key = b'"key":"k-' + OTHER.encode()
    assert key in line

    changed = line.replace(key, key.replace(OTHER.encode(), THIRD.encode()))

    assert "key_mismatch" == quickly(changed).error_type


def test_a_fence_that_another_record_closes_has_no_fingerprint() -> None:
    """What lies between is not known to be one transcript."""
    line = _line(OTHER, "Hello there")
    at = line.index(OTHER.encode(), line.index(b"Hello there"))

    changed = line[:at] + THIRD.encode() + line[at + len(THIRD) :]

    assert quickly(changed).text_fingerprint is None


def test_a_request_in_another_property_is_not_the_echo() -> None:
    """The line's own request is a text, which echoes nothing."""
    line = _line(OTHER)
    start, end = line.index(b',"request":'), line.index(b',"response":')
    nested = b',"trace":{"id":1' + line[start:end] + b'},"request":"none"'

    reading = quickly(line[:start] + nested + line[end:])

    assert reading.text_fingerprint is None


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"response": response([{"text": TEXT}], finishReason="MAX_TOKENS")}, "truncated"),
        ({"response": response([{"text": TEXT, "thought": True}])}, "empty_answer"),
        ({"response": response([{"text": TEXT}, {"text": ', "callSummary": "no"}'}])}, "any"),
        ({"status": '{"error": {"code": 429}}'}, "service_error"),
        ({"status": "UNAVAILABLE"}, "service_error"),
    ],
    ids=["cut off", "thought", "second part", "status", "status in a word"],
)
def test_an_answer_that_is_not_finished_in_one_part_is_not_read_quickly(
    fields: dict[str, Any], error: str
) -> None:
    """It is an error, by whichever way it is read."""
    found = quickly(_line(OTHER, **fields)).error_type

    assert found is not None
    assert error in (found, "any")


def test_token_counts_are_each_in_their_own_column() -> None:
    """Thoughts are paid for as output, and are not part of the answer."""
    usage = {
        "promptTokenCount": 1, "cachedContentTokenCount": 2, "thoughtsTokenCount": 3,
        "candidatesTokenCount": 4,
    }  # fmt: skip
    line = _line(OTHER, response=response([{"text": TEXT}]) | {"usageMetadata": usage})
    reader = Reader(CALL_REVIEW)
    reader.read_line(line, 1)

    reading = reader._read_quickly(line, 2)

    assert reading is not None
    assert (1, 2, 3, 4) == (
        reading.prompt_tokens, reading.cached_tokens, reading.thoughts_tokens,
        reading.output_tokens,
    )  # fmt: skip


def test_a_fence_that_is_followed_by_another_text_has_no_fingerprint() -> None:
    """The constant bytes are compared to the end of the echo, those between fence and label too."""
    line = _line(OTHER, "Hello there")
    after = line.index(OTHER.encode(), line.index(b"Hello there")) + len(OTHER)

    changed = line[:after] + b"!" + line[after + 1 :]

    assert line[after : after + 1] not in (b'"', b"\\", b"!")
    assert quickly(changed).text_fingerprint is None


def test_a_quote_that_is_escaped_by_its_number_hides_no_property() -> None:
    """Four of them would make up for the quotes of a model that is given twice."""
    line = _line(OTHER)
    start, answer = line.split(b'"response":')
    hidden = start + b'"response":' + answer.replace(b'\\"', b"\\u0022", 4)
    assert hidden != line
    assert "exact" == quickly(hidden).grade

    twice = hidden.replace(b'"modelVersion":', b'"modelVersion":"m","modelVersion":')

    assert "json_parse_error" == quickly(twice).error_type


@pytest.mark.parametrize("more", [b'"avgLogprobs":-0.1,', b'"safetyRatings":[{"category":"A"}],'])
def test_lines_of_several_shapes_are_read_alike(more: bytes) -> None:
    """Also those of a shape that the reader has not seen, or that adds nothing known."""
    line = _line(OTHER).replace(b'"finishReason":', more + b'"finishReason":')

    assert ("exact", None) == (quickly(line).grade, quickly(line).error_type)


@pytest.mark.parametrize("value", [r"m\u0065", r"m\\", r"m\"n", "Gémini", "m\x01", ""])
def test_a_short_value_that_is_no_plain_text_is_read_alike(value: str) -> None:
    """With an escape, a letter that is not ASCII, or a character that JSON does not allow."""
    line = _line(OTHER)
    version = b'"modelVersion":"gemini-3.5-flash-lite"'
    assert version in line

    quickly(line.replace(version, b'"modelVersion":"%b"' % value.encode()))
    quickly(line.replace(b'"processed_time":"', b'"processed_time":"' + value.encode()))


def test_the_fingerprint_of_a_usual_line_is_that_of_its_transcript() -> None:
    assert fingerprint("Hello\n there") == quickly(_line(OTHER, "Hello\n there")).text_fingerprint


@pytest.mark.parametrize("end", [b"\r", b" \t", b"x", b"{}"])
def test_what_follows_a_line_is_read_alike(end: bytes) -> None:
    """Blanks as other systems end their lines, and text that is no blank."""
    quickly(_line(OTHER) + end)


@pytest.mark.parametrize(
    ("separators", "is_usual"),
    [((",", ":"), True), ((", ", ": "), True), ((" ,", ": "), False)],
    ids=["no blanks", "blanks behind", "blanks before"],
)
def test_lines_with_blanks_between_their_values_are_read_alike(
    separators: tuple[str, str], is_usual: bool
) -> None:
    first, second = (
        json.dumps(json.loads(_line(record)), separators=separators).encode()
        for record in (RECORD, OTHER)
    )
    reader = Reader(CALL_REVIEW)
    reader.read_line(first, 1)

    assert Reader(CALL_REVIEW).read_line(second, 2) == reader.read_line(second, 2)
    assert is_usual == (reader._read_quickly(second, 2) is not None)


def test_a_line_without_a_request_is_read_quickly() -> None:
    """As a service writes it that echoes nothing."""
    line = _line(OTHER, request=...)
    reader = Reader(CALL_REVIEW)
    reader.read_line(_line(request=...), 1)

    quick = reader._read_quickly(line, 2)
    assert quick is not None
    assert (OTHER, "exact") == (quick.record_id, quick.grade)


@pytest.mark.parametrize(
    "changed",
    [{}, {"key": ""}, {"key": f"k-{THIRD}"}, {"request": echo("Hello?", THIRD)}, {"request": ...}],
    ids=["usual", "empty", "ours", "an echo of ours", "without an echo"],
)
def test_lines_under_keys_of_another_system_are_read_alike(changed: dict[str, Any]) -> None:
    """By a reader that knows the file and by one that does not; their key is kept for the lookup."""
    request = {"contents": [{"parts": [{"text": "Review this call: {}"}]}]}
    usual: dict[str, Any] = {"key": "dG9r|i1", "request": request}
    reader = Reader(CALL_REVIEW, foreign_keys=True)
    assert "dG9r|i1" == reader.read_line(_line(**usual), 1)[0].foreign_key

    line = _line(**{**usual, "key": "dG9r|i2", **changed})
    quick = reader.read_line(line, 2)
    full = Reader(CALL_REVIEW, foreign_keys=True).read_line(line, 2)

    assert full == quick
    if not changed:
        assert reader._read_quickly(line, 2) == quick[0]
        assert ("dG9r|i2", None, "exact") == (
            quick[0].foreign_key, quick[0].record_id, quick[0].grade,
        )  # fmt: skip


@pytest.mark.parametrize("byte", [b"\xff", b"\\", b'"', b"\x00"])
def test_a_record_id_with_a_foreign_byte_is_no_exception(byte: bytes) -> None:
    """In the label of an echo that is otherwise like the others."""
    line = _line(OTHER)
    label = b'"record":"k-' + OTHER.encode()
    assert label in line

    assert quickly(line.replace(label, label[:-1] + byte)).grade in {"exact", None}


def test_shapes_that_come_once_are_not_kept() -> None:
    """To compare a line with shapes that none has takes longer than to read it in full."""
    reader = Reader(CALL_REVIEW)
    for number in range(_TRIAL):
        request = echo("Hello?", OTHER) | {
            "labels": {"record": f"k-{OTHER}", f"label{number}": "x"}
        }
        assert reader._templates or number == 0
        reader.read_line(_line(OTHER, request=request), number)

    assert [] == reader._templates


def test_shapes_that_come_in_turn_are_all_kept() -> None:
    """A count of cached tokens is there for some answers only, and thoughts are."""
    names = ("promptTokenCount", "cachedContentTokenCount", "thoughtsTokenCount")
    lines = [
        _line(
            OTHER, response=response([{"text": TEXT}]) | {"usageMetadata": dict.fromkeys(some, 7)}
        )
        for some in (names[:1], names[:2], names[::2], names)
    ]
    reader = Reader(CALL_REVIEW)
    for number in range(_TRIAL * 2):
        reader.read_line(lines[number % 4], number)

    assert [True] * 4 == [reader._read_quickly(line, 1) is not None for line in lines]


@pytest.mark.parametrize("blank", [b" ", b"\t"])
def test_a_blank_before_the_echoed_text_hides_no_fingerprint(blank: bytes) -> None:
    """The text behind it is still the fenced transcript."""
    line = _line(OTHER, "Hello there").replace(b'"text":"', b'"text":%b"' % blank, 1)

    assert fingerprint("Hello there") == quickly(line).text_fingerprint
