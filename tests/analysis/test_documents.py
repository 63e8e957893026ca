"""Lines with several documents, and lines and envelopes as other tools write them."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analysis import Reader, Reading
from analysis.reading.documents import documents_of
from tests.analysis.making import (
    ANSWER,
    CALL_REVIEW,
    OTHER,
    RECORD,
    candidate,
    columns_of,
    echo,
    held,
    prediction,
)

WHOLE = json.dumps(ANSWER)
ONE = prediction(WHOLE)
TWO = prediction(WHOLE, key=f"k-{OTHER}", request=echo(record=OTHER))
USAGE = {"promptTokenCount": 310, "candidatesTokenCount": 120}


def read(line: bytes) -> list[Reading]:
    return Reader(CALL_REVIEW).read_line(line, 1)


def read_with(**fields: Any) -> Reading:
    (reading,) = read(prediction(WHOLE, **fields))
    return reading


@pytest.mark.parametrize("between", [b"", b" ", b"\r", b"\x1e", b"\xef\xbb\xbf"])
def test_every_document_of_a_line_is_read(between: bytes) -> None:
    """Shards that were joined without a newline, old line ends, record separators."""
    readings = read(ONE + between + TWO)

    assert [(RECORD, "exact"), (OTHER, "exact")] == [(r.record_id, r.grade) for r in readings]
    assert [1, 1] == [reading.line for reading in readings]


def test_the_documents_of_a_list_are_read() -> None:
    """A JSON array on one line."""
    assert [RECORD, OTHER] == [r.record_id for r in read(b"[" + ONE + b"," + TWO + b"]")]


@pytest.mark.parametrize("garbage", [b"garbage", b"}", b'"key"', b"5", b"]garbage", b",{"])
def test_text_behind_a_document_is_an_error_of_its_own(garbage: bytes) -> None:
    """The answer is whole, and is no longer called exact."""
    first, *others = read(ONE + garbage)

    assert (RECORD, None, "mended") == (first.record_id, first.error_type, first.repair_grade)
    assert {"json_parse_error", "vertex_ai_error"} >= {r.error_type for r in others}
    assert [] != others


@pytest.mark.parametrize("sign", [b",", b" , ", b"]", b",]"])
def test_the_signs_of_a_list_beside_a_document_are_no_error(sign: bytes) -> None:
    """A line of an array that is written over several lines."""
    (reading,) = read(ONE + sign)

    assert (None, "mended") == (reading.error_type, reading.repair_grade)


def test_behind_a_document_a_cut_one_is_an_error_of_its_record() -> None:
    readings = read(ONE + TWO[:-200])

    assert [(RECORD, None), (OTHER, "json_parse_error")] == [
        (reading.record_id, reading.error_type) for reading in readings
    ]


def test_a_mended_answer_is_needed_beside_garbage_as_it_is() -> None:
    """Nothing is repaired there: the damage may be the same."""
    damaged = prediction(WHOLE.replace('", "', '" "', 1))

    assert "truncated" == read(damaged + b"garbage")[0].error_type


def test_a_line_of_blanks_alone_is_an_error_and_no_exception() -> None:
    for line in (b"\x1e", b"\xef\xbb\xbf", b"\r"):
        assert ["json_parse_error"] == [reading.error_type for reading in read(line)]


SNAKE: dict[str, Any] = {
    "candidates": [{"content": {"parts": [{"text": WHOLE}]}, "finish_reason": "STOP"}],
    "usage_metadata": {"prompt_token_count": 310, "candidates_token_count": 120},
    "model_version": "gemini-3.5-flash-lite",
}


@pytest.mark.parametrize(
    "response",
    [
        SNAKE,
        json.dumps(SNAKE),
        SNAKE | {"candidates": SNAKE["candidates"][0]},
        {
            "candidates": [{"content": {"parts": {"text": WHOLE}}}],
            "finishReason": "STOP",
            "usageMetadata": {"promptTokenCount": "310", "candidatesTokenCount": "120"},
            "modelVersion": "gemini-3.5-flash-lite",
        },
        {
            "candidates": [{"content": {"parts": [{"text": WHOLE}]}, "finishReason": 1}],
            "usageMetadata": USAGE,
            "modelVersion": "gemini-3.5-flash-lite",
        },
    ],
    ids=["snake case", "as text", "an object", "counts as text", "numbers"],
)
def test_a_response_is_read_in_any_spelling(response: object) -> None:
    """With finish reason, tokens and model."""
    reading = read_with(response=response)

    assert (None, "exact", "STOP") == (reading.error_type, reading.grade, reading.finish_reason)
    assert (310, 120, "gemini-3.5-flash-lite") == (
        reading.prompt_tokens, reading.output_tokens, reading.model_version,
    )  # fmt: skip
    assert ANSWER["callSummary"] == columns_of(reading)["call_summary"]


@pytest.mark.parametrize(
    ("reason", "error_type", "shown"),
    [
        (2, "truncated", "MAX_TOKENS"),
        (3, "blocked", "SAFETY"),
        (7, "blocked", "PROHIBITED_CONTENT"),
        (5, "vertex_ai_error", "OTHER"),
        (99, "vertex_ai_error", "REASON_99"),
        ("max_tokens", "truncated", "MAX_TOKENS"),
        ("Safety", "blocked", "SAFETY"),
        ("stop", "vertex_ai_error", "UNREADABLE"),
        (True, "vertex_ai_error", "UNREADABLE"),
        (["STOP"], "vertex_ai_error", "UNREADABLE"),
    ],
)
@pytest.mark.parametrize("name", ["finishReason", "finish_reason"])
def test_a_finish_reason_is_read_by_name_and_number(
    name: str, reason: object, error_type: str, shown: str
) -> None:
    """An answer that did not finish is never a row; an unknown reason is named."""
    made = {"content": {"parts": [{"text": WHOLE}]}, name: reason}
    reading = read_with(response={"candidates": [made]})

    assert (error_type, shown) == (reading.error_type, reading.finish_reason)


def test_a_reason_in_both_spellings_is_given_twice() -> None:
    """It is not known which one counts, so there is no row."""
    made = candidate(WHOLE) | {"finish_reason": "MAX_TOKENS"}
    reading = read_with(response={"candidates": [made]})

    assert (RECORD, "json_parse_error") == (reading.record_id, reading.error_type)
    assert "finishReason is given twice" == reading.detail


QUOTA = {"code": 429, "message": "Mrs Miller", "status": "RESOURCE_EXHAUSTED"}
INVALID = {"code": 400, "message": "Mrs Miller", "status": "INVALID_ARGUMENT"}


@pytest.mark.parametrize(
    ("fields", "error_type", "detail"),
    [
        ({"status": "Bad Request: 400 INVALID_ARGUMENT"}, "vertex_ai_error", "400 INVALID_ARGUMENT"),
        ({"status": f"Bad Request: {json.dumps({'error': INVALID})}"}, "vertex_ai_error", "400 INVALID_ARGUMENT"),
        ({"status": json.dumps(QUOTA)}, "service_error", "429 RESOURCE_EXHAUSTED"),
        ({"status": {"error": QUOTA}}, "service_error", "429 RESOURCE_EXHAUSTED"),
        ({"error": QUOTA}, "service_error", "429 RESOURCE_EXHAUSTED"),
        ({"error": json.dumps(INVALID)}, "vertex_ai_error", "400 INVALID_ARGUMENT"),
        ({"response": {"error": QUOTA}}, "service_error", "429 RESOURCE_EXHAUSTED"),
        ({"response": {"error": INVALID}}, "vertex_ai_error", "400 INVALID_ARGUMENT"),
        ({"status": "UNAVAILABLE"}, "service_error", "UNAVAILABLE"),
        ({"status": "Too Many Requests: 429"}, "service_error", "429"),
        ({"status": "Mrs Miller called 555-0100, room 503b"}, "vertex_ai_error", "a status without a code"),
    ],
)  # fmt: skip
def test_the_code_of_an_error_is_found_wherever_it_stands(
    fields: dict[str, Any], error_type: str, detail: str
) -> None:
    """And nothing else of it is kept: it may quote the request."""
    reading = read_with(**fields)

    assert (error_type, detail) == (reading.error_type, reading.detail)


@pytest.mark.parametrize("status", ["SUCCESS", "ok", "Succeeded", "200 OK", {}, {"code": 0}, []])
def test_a_status_of_success_is_no_error(status: object) -> None:
    assert "exact" == read_with(status=status).grade


@pytest.mark.parametrize(
    "changed",
    [
        {"response": {"candidates": [candidate(WHOLE)], "modelVersion": ["m"]}},
        {"response": {"candidates": [candidate(WHOLE)], "usageMetadata": "none"}},
        {"response": {"candidates": [candidate(WHOLE)], "promptFeedback": {"blockReason": []}}},
        {"request": [1, 2]},
        {"key": {"id": 1}},
        {"key": None, "request": {"labels": [], "contents": {"parts": "text"}}},
    ],
)
def test_fields_of_any_type_are_no_exception(changed: dict[str, Any]) -> None:
    readings = read(prediction(WHOLE, **changed))

    assert 1 == len(readings)


def test_a_line_of_another_file_is_named() -> None:
    """Such as transcripts, or the output of another service."""
    for line in ({"interactionId": "i1", "transcript": "x"}, {"recordId": "r", "modelOutput": {}}):
        (reading,) = read(json.dumps(line).encode())
        assert ("json_parse_error", "not a line of a prediction file") == (
            reading.error_type, reading.detail,
        )  # fmt: skip


def test_an_array_of_numbers_or_a_number_is_an_error() -> None:
    for line in (b"[1,2]", b"5", b'"text"', b"[]", b"[[]]"):
        assert all(reading.error_type and reading.record_id is None for reading in read(line))


numbers = st.integers(-(10**25), 10**25).map(str) | st.floats().map(json.dumps)
values = st.recursive(
    numbers | st.sampled_from(["null", "true", "1E5", "-0"]) | st.text().map(json.dumps),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda each: f"[{','.join(each)}]")
        | st.lists(st.tuples(st.sampled_from("abé"), inner), max_size=3).map(
            lambda each: "{" + ",".join(f'"{name}":{value}' for name, value in each) + "}"
        )
    ),
    max_leaves=12,
)


@held(300)
@given(values)
@example("9" * 4_300)
@example("9" * 4_301)
@example("[" * 3_000 + "]" * 3_000)
@example('"\\ud800"')
def test_a_document_is_the_same_value_however_it_is_decoded(value: str) -> None:
    """A blank keeps a line from the decoder for lines without any."""
    line = f'{{"key":{value}}}'.encode()
    (document,), (other,) = documents_of(line), documents_of(b" " + line)

    # By their texts: NaN is not equal to itself, and 1 is equal to 1.0.
    assert repr(other) == repr(document)
