"""Whatever comes in: never an exception, never a row that the plain reading contradicts."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import Reader, Reading, encode_reading
from tests.analysis.making import ANSWER, CALL_REVIEW, RECORD, answer, candidate, held, prediction

READERS = [
    Reader(CALL_REVIEW),
    Reader(CALL_REVIEW, fingerprints=False),
    Reader(CALL_REVIEW, admit_lossy=True, foreign_keys=True),
]
WHOLE = json.dumps(ANSWER, ensure_ascii=False)
LINE = prediction(WHOLE)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=80)
NAMES = [
    *("key", "status", "request", "response", "candidates", "content", "parts", "text"),
    *("thought", "finishReason", "promptFeedback", "blockReason", "labels", "contents"),
]


def _all(line: bytes) -> list[Reading]:
    """What every kind of reader makes of a line, each encoded for the table and back."""
    readings = [reader.read_line(line, 7) for reader in READERS]
    for reading in readings:
        row = json.loads(encode_reading(reading))
        assert row["line"] == 7
        assert (row["error_type"] is None) == ("call_summary" in row)
        assert (row["error_type"] is None) == (row["repair_grade"] is not None)
    return readings


@held(150)
@given(st.binary(max_size=300))
def test_any_bytes_are_an_error_with_a_name(line: bytes) -> None:
    """Noise is never a row."""
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
def test_any_shape_of_line_is_an_error_with_a_name(line: object) -> None:
    """The right names with wrong things under them."""
    assert all(reading.error_type for reading in _all(json.dumps(line).encode()))


@held(150)
@given(st.binary(max_size=4), st.integers(0, len(LINE)), st.integers(0, 20))
def test_damage_anywhere_in_a_line(dirt: bytes, at: int, lost: int) -> None:
    """Some bytes replaced: an error, or a row that the answer in the line really says."""
    line = LINE[:at] + dirt + LINE[at + lost :]
    for reading in _all(line)[:2]:
        if reading.error_type is None:
            said = _said(line)
            assert said is None or _row(said) == reading.columns


def _said(line: bytes) -> str | None:
    try:
        response = json.loads(line)["response"]
        return str(response["candidates"][0]["content"]["parts"][0]["text"])
    except (ValueError, KeyError, IndexError, TypeError):
        return None


def _row(text: str) -> dict[str, Any]:
    """The plain reading of an answer, by hand."""
    said = json.loads(text)
    row: dict[str, Any] = {}
    for column, path in CALL_REVIEW.columns.items():
        value = said
        for name in path.split("."):
            value = (value or {}).get(name)
        row[column] = value
    row["products"] = [{"name": p["name"], "context": p.get("context")} for p in row["products"]]
    return row


@held(150)
@given(st.text(max_size=6), st.integers(0, len(WHOLE)), st.integers(0, 30))
def test_damage_anywhere_in_an_answer(dirt: str, at: int, lost: int) -> None:
    """What is still JSON is read as JSON; what is not is proved, or refused."""
    text = WHOLE[:at] + dirt + WHOLE[at + lost :]
    for reading in _all(prediction(text))[:2]:
        if reading.repair_grade == "exact":
            assert _names(reading.columns) == _names(_row_or_none(text) or reading.columns)
        elif reading.repair_grade == "repaired_safe":
            assert all(word in text for word in _words(reading.columns))


def _names(row: dict[str, Any]) -> dict[str, Any]:
    """Without the closed sets, whose listed spellings are normalised on purpose."""
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
def test_a_cut_answer_is_never_a_row(length: int) -> None:
    """It says STOP and it is not whole: wherever the cut is, no default reader takes it."""
    for reading in _all(prediction(WHOLE[:length]))[:2]:
        assert (
            reading.columns,
            reading.error_type in {"repaired_lossy", "json_parse_error"},
        ) == (
            {},
            True,
        )


@held(150)
@given(texts, texts, st.lists(texts, max_size=3), st.booleans())
def test_texts_round_trip(summary: str, action: str, names: list[str], pretty: bool) -> None:
    """Brackets, quotes, newlines, emoji, right to left: stored as the model said it."""
    said = answer(
        callSummary=f"x{summary}",
        agentResponse={"resolved": None, "summary": None, "action": action},
        products=[{"name": name, "context": None} for name in names],
    )
    text = json.dumps(said, ensure_ascii=pretty, indent=2 if pretty else None)
    for reading in _all(prediction(text)):
        assert (reading.parse_method, reading.repair_grade) == ("strict", "exact")
        row = json.loads(encode_reading(reading))
        assert row["call_summary"] == f"x{summary}"
        assert row["agent_response_action"] == action
        assert [product["name"] for product in row["products"]] == names


@held(150)
@given(texts.filter(lambda text: text.strip()), st.integers(1, 60))
def test_encode_cut_read(summary: str, lost: int) -> None:
    """A line cut near its end gives the same text or an error, never another text."""
    line = prediction(json.dumps(answer(callSummary=summary)))
    for reading in _all(line[:-lost])[:2]:
        assert reading.columns.get("call_summary", summary) == summary


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
    """Deep nesting, quadratic shapes, repetition: contained to their record."""
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
    """One poison line never fails a batch."""
    assert all(reading.error_type for reading in _all(line))


def test_a_constant_that_is_no_json_outside_the_answer_costs_nothing() -> None:
    """The service's own figures may be NaN; the answer is read by its exact path."""
    line = LINE.replace(b'"status": ""', b'"status": "", "avgLogprobs": NaN')

    assert {reading.repair_grade for reading in _all(line)} == {"exact"}


def test_broken_unicode_in_the_echo_costs_nothing() -> None:
    """A lone surrogate in a transcript is the echo's trouble, not the answer's."""
    echoed = {"contents": [{"parts": [{"text": "\ud800"}]}]}
    line = json.dumps(
        {
            "key": f"k-{RECORD}",
            "request": echoed,
            "response": {"candidates": [candidate(WHOLE)]},
        }
    ).encode()

    assert {reading.repair_grade for reading in _all(line)} == {"exact"}
