"""Random and damaged input: never an exception, never a row that plain JSON parsing contradicts."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import Reader, Reading, encode_reading
from tests.analysis.making import (
    ANSWER,
    CALL_REVIEW,
    RECORD,
    answer,
    candidate,
    columns_of,
    held,
    prediction,
)

READERS = [
    Reader(CALL_REVIEW),
    Reader(CALL_REVIEW, fingerprints=False),
    Reader(CALL_REVIEW, foreign_keys=True),
]
WHOLE = json.dumps(ANSWER, ensure_ascii=False)
LINE = prediction(WHOLE)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=80)
NAMES = [
    *("key", "status", "request", "response", "candidates", "content", "parts", "text"),
    *("thought", "finishReason", "promptFeedback", "blockReason", "labels", "contents"),
]


def _all(line: bytes) -> list[Reading]:
    """The readings of a line by every kind of reader, after a check of their encoded rows."""
    readings = []
    for reader in READERS:
        reading = reader.read_line(line, 7)[0]
        readings.append(reading)
        row = json.loads(encode_reading(reading))
        assert row["line"] == 7
        assert (row["error_type"] is None) == ("answer" in row)
        assert (row["error_type"] is None) == (row["repair_grade"] is not None)
    return readings


@held(150)
@given(st.binary(max_size=300))
def test_any_bytes_are_an_error(line: bytes) -> None:
    """Random bytes are never a row."""
    assert all(reading.error_type for reading in _all(line))


@held(150)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(NAMES),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_shape_of_line_is_an_error(line: object) -> None:
    """Known names with values of any type."""
    assert all(reading.error_type for reading in _all(json.dumps(line).encode()))


@held(150)
@given(st.binary(max_size=4), st.integers(0, len(LINE)), st.integers(0, 20))
def test_damage_anywhere_in_a_line_gives_its_answer_or_an_error(
    dirt: bytes, at: int, lost: int
) -> None:
    """A row has the same values as the answer in the line."""
    line = LINE[:at] + dirt + LINE[at + lost :]
    for reading in _all(line)[:2]:
        if reading.error_type is None:
            text = _answer_text(line)
            assert text is None or _row(text) == columns_of(reading)


def _answer_text(line: bytes) -> str | None:
    try:
        response = json.loads(line)["response"]
        return str(response["candidates"][0]["content"]["parts"][0]["text"])
    except (ValueError, KeyError, IndexError, TypeError):
        return None


def _row(text: str) -> dict[str, Any]:
    """The columns of an answer, by plain JSON parsing."""
    fields = json.loads(text)
    row: dict[str, Any] = {}
    for column, path in CALL_REVIEW.columns.items():
        value = fields
        for name in path.split("."):
            value = (value or {}).get(name)
        row[column] = value
    row["products"] = [{"name": p["name"], "context": p.get("context")} for p in row["products"]]
    return row


@held(150)
@given(st.text(max_size=6), st.integers(0, len(WHOLE)), st.integers(0, 30))
def test_damage_anywhere_in_an_answer_gives_its_words_or_an_error(
    dirt: str, at: int, lost: int
) -> None:
    """Valid JSON is read as such; a safe repair has only words of the text."""
    text = WHOLE[:at] + dirt + WHOLE[at + lost :]
    for reading in _all(prediction(text))[:2]:
        if reading.repair_grade == "exact":
            assert _names(columns_of(reading)) == _names(_row_or_none(text) or columns_of(reading))
        elif reading.repair_grade == "repaired_safe":
            assert all(word in text for word in _words(columns_of(reading)))


def _names(row: dict[str, Any]) -> dict[str, Any]:
    """Without the enums, whose listed spellings are normalised on purpose."""
    closed = ("call_sentiment", "call_tone", "language", "reason_for_call_intent", "agent_resp")
    return {column: value for column, value in row.items() if not column.startswith(closed)}


def _row_or_none(text: str) -> dict[str, Any] | None:
    try:
        return _row(text)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _words(row: dict[str, Any]) -> list[str]:
    return [word for value in row.values() if isinstance(value, str) for word in value.split()]


@held(150)
@given(st.integers(1, len(WHOLE) - 1))
def test_a_truncated_answer_is_never_a_row(length: int) -> None:
    """For any length, and with the finish reason STOP, it is an error of a default reader."""
    for reading in _all(prediction(WHOLE[:length]))[:2]:
        assert (
            columns_of(reading),
            reading.error_type in {"repaired_lossy", "json_parse_error"},
        ) == (
            {},
            True,
        )


@held(150)
@given(texts, texts, st.lists(texts, max_size=3), st.booleans())
def test_strings_are_stored_unchanged(
    summary: str, action: str, names: list[str], pretty: bool
) -> None:
    """Brackets, quotes, newlines, emoji, right-to-left text."""
    fields = answer(
        callSummary=f"x{summary}",
        agentResponse={"resolved": None, "summary": None, "action": action},
        products=[{"name": name, "context": None} for name in names],
    )
    text = json.dumps(fields, ensure_ascii=pretty, indent=2 if pretty else None)
    for reading in _all(prediction(text)):
        assert (reading.parse_method, reading.repair_grade) == ("strict", "exact")
        row = json.loads(encode_reading(reading))
        assert row["answer"]["callSummary"] == f"x{summary}"
        assert row["answer"]["agentResponse"]["action"] == action
        assert [product["name"] for product in row["answer"]["products"]] == names


@held(150)
@given(texts.filter(lambda text: text.strip()), st.integers(1, 60))
def test_a_line_without_its_end_gives_its_summary_or_an_error(summary: str, lost: int) -> None:
    """Never another text."""
    line = prediction(json.dumps(answer(callSummary=summary)))
    for reading in _all(line[:-lost])[:2]:
        assert columns_of(reading).get("call_summary", summary) == summary


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"callSummary": "x", "y": ' + "[" * 50_000 + "]" * 50_000 + "}",
        "{" + "," * 200_000 + "}",
        "{" + '"' * 100_001 + "}",
        '{"' + '\\"' * 100_000 + "}",
        "{" + "a: b c, " * 30_000 + "}",
        "((((" * 20_000 + "}",
        '{"callSummary": "' + "and so on " * 200_000,
        "```" * 50_000 + "{}",
        "{}" * 50_000,
        '{"callSummary": ' + "9" * 100_000 + "}",
        '{"callSummary": "x" ' + '"y" ' * 3_000 + "}",
    ],
)
def test_hostile_text_is_an_error_in_bounded_time(text: str) -> None:
    """Deep nesting, shapes that take quadratic time, repetition."""
    for reading in _all(prediction(text))[:2]:
        assert reading.error_type
        assert len(str(reading.detail)) < 100


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 200_000,
        b'{"request":' * 100_000,
        b'{"request":{"contents":' + b"[" * 50_000 + b"]" * 50_000 + b"}}",
        b'{"key":"' + b"\\" * 100_001,
        b"0," * 300_000,
        b'{"status":"' + b"\xf0\x9f" * 100_000 + b'"}',
    ],
)
def test_hostile_lines_are_an_error_in_bounded_time(line: bytes) -> None:
    """Deep nesting, long runs of escapes, many tokens, incomplete UTF-8."""
    assert all(reading.error_type for reading in _all(line))


def test_a_constant_that_is_not_json_outside_the_answer_is_ignored() -> None:
    """Vertex AI's own figures may be NaN; the answer is read by its exact path."""
    line = LINE.replace(b'"status": ""', b'"status": "", "avgLogprobs": NaN')

    assert {reading.repair_grade for reading in _all(line)} == {"exact"}


def test_invalid_unicode_in_the_echo_is_ignored() -> None:
    """A lone surrogate in the transcript does not affect the answer."""
    echoed = {"contents": [{"parts": [{"text": "\ud800"}]}]}
    line = json.dumps(
        {
            "key": f"k-{RECORD}",
            "request": echoed,
            "response": {"candidates": [candidate(WHOLE)]},
        }
    ).encode()

    assert {reading.repair_grade for reading in _all(line)} == {"exact"}
