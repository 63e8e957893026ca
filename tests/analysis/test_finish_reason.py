"""Everything on a line beside the answer's text: status, finish reason, blocks, parts, keys."""

import json
from typing import Any

import pytest

from analysis import ERRORS, Reader, Reading, encode_reading, fingerprint
from tests.analysis.making import (
    ANSWER,
    CALL_REVIEW,
    OTHER,
    RECORD,
    candidate,
    columns_of,
    echo,
    finished,
    prediction,
    read,
)

WHOLE = json.dumps(ANSWER)


@pytest.mark.parametrize(
    ("finish", "error_type"),
    [
        ("STOP", None),
        ("MAX_TOKENS", "truncated"),
        ("SAFETY", "blocked"),
        ("RECITATION", "blocked"),
        ("LANGUAGE", "blocked"),
        ("BLOCKLIST", "blocked"),
        ("PROHIBITED_CONTENT", "blocked"),
        ("SPII", "blocked"),
        ("MODEL_ARMOR", "blocked"),
        ("IMAGE_SAFETY", "blocked"),
        ("OTHER", "vertex_ai_error"),
        ("FINISH_REASON_UNSPECIFIED", "vertex_ai_error"),
        ("MALFORMED_FUNCTION_CALL", "vertex_ai_error"),
        ("UNEXPECTED_TOOL_CALL", "vertex_ai_error"),
        ("AN_UNKNOWN_REASON", "vertex_ai_error"),
        ("stop", "vertex_ai_error"),
    ],
)
def test_the_finish_reason_is_checked_before_the_answer(
    finish: str, error_type: str | None
) -> None:
    """A valid text is not read when the generation did not finish."""
    reading = finished(finish)

    assert reading.error_type == error_type
    assert bool(columns_of(reading)) == (error_type is None)


def test_a_finish_reason_is_never_stored_as_free_text() -> None:
    """Only a text that looks like a constant is stored."""
    for text in ("Mrs Miller called from 555-0100", "MRS MILLER"):
        reading = finished(text)

        assert reading.finish_reason == "UNREADABLE"
        assert b"miller" not in encode_reading(reading).lower()


@pytest.mark.parametrize("finish", [None, ""])
def test_without_a_finish_reason_only_a_whole_answer_counts(finish: str | None) -> None:
    """A truncated text is never a whole object, but a cleanup could make it look like one."""
    assert finished(finish).repair_grade == "exact"
    assert finished(finish, WHOLE + "\n\nAlso").error_type == "truncated"
    assert finished(finish, WHOLE[:-1]).error_type == "truncated"


@pytest.mark.parametrize(
    ("fields", "error_type"),
    [
        ({"status": "Bad Request: {}", "response": {}}, "vertex_ai_error"),
        ({"status": "Internal error"}, "vertex_ai_error"),
        ({"status": {"code": 3, "message": "x"}}, "vertex_ai_error"),
        ({"status": {"code": 8, "message": "x"}}, "service_error"),
        ({"status": 'Too Many Requests: {"error": {"code": 429}}'}, "service_error"),
        (
            {"status": 'Bad Gateway: {"error": {"code": 502, "status": "BAD_GATEWAY"}}'},
            "service_error",
        ),
        ({"status": 'Forbidden: {"error": {"status": "PERMISSION_DENIED"}}'}, "service_error"),
        ({"status": 'Bad Request: {"error": {"code": 413}}'}, "vertex_ai_error"),
        ({"response": ...}, "vertex_ai_error"),
        ({"response": None}, "vertex_ai_error"),
        ({"response": {}}, "vertex_ai_error"),
        ({"response": "none"}, "vertex_ai_error"),
        ({"response": {"candidates": []}}, "vertex_ai_error"),
        ({"response": {"modelVersion": "m"}}, "empty_answer"),
        ({"response": {"promptFeedback": {"blockReason": "SAFETY"}}}, "blocked"),
        ({"response": {"candidates": [{"finishReason": "STOP"}]}}, "empty_answer"),
        (
            {"response": {"candidates": [{"content": {}, "finishReason": "STOP"}]}},
            "empty_answer",
        ),
        ({"response": {"candidates": [candidate("")]}}, "empty_answer"),
        ({"response": {"candidates": [candidate(" \n")]}}, "empty_answer"),
        ({"status": None}, None),
        ({"status": ...}, None),
    ],
)
def test_an_errored_line_never_yields_a_row(fields: dict[str, Any], error_type: str | None) -> None:
    """Each failure has its error type, even when the line has a valid answer."""
    reading = read(WHOLE, **fields)

    assert reading.error_type == error_type
    assert bool(columns_of(reading)) == (error_type is None)


def test_only_the_codes_of_a_status_are_stored() -> None:
    """Its message may quote the request."""
    error = {"error": {"code": 400, "message": "bad: Mrs Miller", "status": "INVALID_ARGUMENT"}}
    reading = read(status=f"Bad Request: {json.dumps(error)}", response={})

    assert reading.detail == "400 INVALID_ARGUMENT"


def test_a_status_without_a_code_is_not_stored() -> None:
    """Whatever it says."""
    assert "a status without a code" == read(status="Mrs Miller is out", response={}).detail


def test_parts_are_joined_without_thoughts() -> None:
    """An answer may have several parts; those marked as thoughts are not part of it."""
    parts = [
        {"text": "Let me see { ...", "thought": True},
        {"text": WHOLE[:100]},
        {"text": None},
        {"text": WHOLE[100:], "thought": False},
    ]
    response: dict[str, Any] = {
        "candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]
    }

    assert columns_of(read(response=response)) == columns_of(read(WHOLE))
    response["candidates"][0]["content"]["parts"] = parts[:1]
    assert read(response=response).error_type == "empty_answer"


def test_tokens_and_model_are_stored() -> None:
    """Also for an error: its tokens are billed."""
    usage = {
        "promptTokenCount": 900,
        "cachedContentTokenCount": 100,
        "thoughtsTokenCount": 20,
        "candidatesTokenCount": 300,
    }
    for finish in ("STOP", "MAX_TOKENS"):
        made = {"candidates": [candidate(WHOLE, finish)], "usageMetadata": usage}
        reading = read(response={**made, "modelVersion": "gemini-3.5-flash-lite"})
        counts = (reading.prompt_tokens, reading.cached_tokens, reading.thoughts_tokens)
        assert counts == (900, 100, 20)
        assert (reading.output_tokens, reading.model_version) == (300, "gemini-3.5-flash-lite")


@pytest.mark.parametrize("count", ["2.9", "-1", -1, 1.5, 10**30, [], True, None])
def test_an_invalid_token_count_is_unknown(count: object) -> None:
    """The answer is still a row."""
    response = {"candidates": [candidate(WHOLE)], "usageMetadata": {"promptTokenCount": count}}
    reading = read(response=response)

    assert (reading.error_type, reading.prompt_tokens) == (None, None)


@pytest.mark.parametrize(
    "fields",
    [
        {"key": f"k-{RECORD}"},
        {"key": ..., "custom_id": f"k-{RECORD}"},
        {"key": ...},
        {"key": "request-1"},
        {"key": 17},
    ],
)
def test_the_key_is_read_from_three_places(fields: dict[str, Any]) -> None:
    """The line's key, then its custom id, then the label in the echoed request."""
    reading = read(WHOLE, **fields)

    assert (reading.record_id, reading.error_type) == (RECORD, None)


def test_a_custom_id_names_the_record_before_the_label_does() -> None:
    """They differ, so there is no row; the error is one of the record that the id names."""
    label = {"labels": {"record": f"k-{OTHER}"}}
    reading = read(WHOLE, key=..., custom_id=f"k-{RECORD}", request=label)

    assert (RECORD, "key_mismatch") == (reading.record_id, reading.error_type)


@pytest.mark.parametrize(
    "key", ["", "request-1", f"k-{RECORD.upper()}", RECORD, 17, f"k-{RECORD} "]
)
def test_a_foreign_key_gives_no_record_id(key: object) -> None:
    """The answer is an error, unless the caller looks keys up; the key is never stored."""
    line = prediction(WHOLE, key=key, request=...)
    refused = Reader(CALL_REVIEW).read_line(line, 1)[0]
    assert (refused.record_id, refused.error_type) == (None, "unknown_key")

    kept = Reader(CALL_REVIEW, foreign_keys=True).read_line(line, 1)[0]
    assert kept.foreign_key == str(key)
    assert kept.error_type == (None if key != "" else "unknown_key")
    assert "other_key" not in json.loads(encode_reading(kept))


def test_a_line_without_any_key_is_an_unknown_key() -> None:
    """The order of lines does not identify a record."""
    reading = read(WHOLE, key=..., request=...)

    assert (reading.record_id, reading.error_type) == (None, "unknown_key")


@pytest.mark.parametrize(
    "request_",
    [
        echo(record=OTHER),
        {**echo(), "labels": {"record": f"k-{OTHER}"}},
        {**echo(record=OTHER), "labels": {"record": f"k-{RECORD}"}},
    ],
)
def test_an_answer_under_a_wrong_key_is_an_error(request_: dict[str, Any]) -> None:
    """Key, label and fence must name one record."""
    reading = read(WHOLE, request=request_)

    assert (reading.error_type, columns_of(reading)) == ("key_mismatch", {})


def test_the_echoed_transcript_is_fingerprinted() -> None:
    """Byte for byte, so that it can be compared with the plan's."""
    for text in ("Hello?", "", "\n a\r\n\n", '</transcript-x> " \\ {{record}} 🦊 שלום'):
        assert read(WHOLE, request=echo(text)).text_fingerprint == fingerprint(text)


@pytest.mark.parametrize(
    "request_",
    [
        ...,
        None,
        {},
        {"contents": None},
        {"contents": []},
        {"contents": [{"role": "user", "parts": [{"text": "Other prompt."}]}]},
        {"contents": [{"parts": [{"fileData": None, "text": None}]}]},
        {"contents": "text"},
        [],
    ],
)
def test_an_echo_of_another_shape_has_no_fingerprint(request_: object) -> None:
    """The answer is still a row."""
    reading = read(WHOLE, request=request_)

    assert (reading.text_fingerprint, reading.error_type) == (None, None)


def test_fingerprints_can_be_turned_off() -> None:
    """For speed; keys are still compared."""
    reader = Reader(CALL_REVIEW, fingerprints=False)

    assert reader.read_line(prediction(WHOLE), 1)[0].text_fingerprint is None
    wrong = prediction(WHOLE, request=echo(record=OTHER))
    assert reader.read_line(wrong, 1)[0].error_type == "key_mismatch"


@pytest.mark.parametrize("cut", range(5, 400, 13))
def test_a_truncated_line_is_an_error_and_keeps_its_key(cut: int) -> None:
    """Fields before the end are read, but an incomplete answer is not."""
    line = prediction(WHOLE)
    reading = Reader(CALL_REVIEW).read_line(line[:-cut], 1)[0]

    whole = Reader(CALL_REVIEW).read_line(line, 1)[0]
    if reading.error_type is None:
        assert columns_of(reading) == columns_of(whole)
    else:
        assert (reading.record_id, reading.error_type) == (RECORD, "json_parse_error")


def test_a_finished_answer_is_read_from_a_line_without_its_end() -> None:
    """It has a finish reason, its list of parts is complete, and its text is valid JSON."""
    line = prediction(WHOLE)
    reading = Reader(CALL_REVIEW).read_line(line[: line.rindex(b"modelVersion")], 1)[0]

    assert (reading.error_type, reading.repair_grade) == (None, "exact")


@pytest.mark.parametrize("damage", [b"", b"\xff", b'"'])
def test_the_echoed_request_is_never_read_as_the_answer(damage: bytes) -> None:
    """Not even when it contains a response and the line is broken."""
    fake = {"candidates": [candidate(WHOLE)]}
    request = {**echo(), "response": fake, "functionResponse": {"response": fake}}
    line = prediction(request=request, response=...)
    reading = Reader(CALL_REVIEW).read_line(line[:-1] + damage, 1)[0]

    assert columns_of(reading) == {}
    assert reading.error_type in {"vertex_ai_error", "json_parse_error"}


def test_every_error_has_a_type() -> None:
    """Every error type of a reading is in the table."""
    readings: list[Reading] = [
        read("{"),
        read("{}"),
        read("[]"),
        read(""),
        read(WHOLE, key=..., request=...),
        read(WHOLE, request=echo(record=OTHER)),
        finished("SAFETY"),
        finished("MAX_TOKENS"),
        finished("OTHER"),
    ]

    assert {reading.error_type for reading in readings} <= ERRORS.keys()
