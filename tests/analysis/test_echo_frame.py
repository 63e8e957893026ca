"""Reading without parsing the echoed request gives the same as reading the whole line."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import Reader, encode_reading
from analysis.reading.usual_line import LineTemplate, learn_line
from benchmarks import samples
from tests.analysis.making import ANSWER, CALL_REVIEW, OTHER, RECORD, echo, held, prediction

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
NULLS = {"fileData": None, "functionCall": None}


def _line(record: str = RECORD, transcript: str = "Hello?", **fields: Any) -> bytes:
    """A line as Vertex AI writes it: no blanks between tokens, nulls in the echo."""
    request = echo(transcript, record)
    request["contents"][0]["parts"][0] |= NULLS
    usual = {"key": f"k-{record}", "request": request, **fields}
    content = json.loads(prediction(json.dumps(ANSWER), **usual))
    order = ("status", "processed_time", "request", "response", "key")
    moved = {name: content.pop(name) for name in order if name in content} | content
    return json.dumps(moved, ensure_ascii=False, separators=(",", ":")).encode()


def _learned(line: bytes) -> LineTemplate | None:
    return learn_line(line, json.loads(line), RECORD)


def _template(line: bytes = _line()) -> LineTemplate:
    template = _learned(line)
    assert template is not None
    return template


def _trained(**settings: bool) -> Reader:
    reader = Reader(CALL_REVIEW, **settings)
    assert reader.read_line(_line(), 1)[0].error_type is None
    return reader


KINDS: list[dict[str, bool]] = [{}, {"fingerprints": False}, {"foreign_keys": True}]
"""Settings of the readers that are compared."""


def assert_read_alike(line: bytes) -> list[dict[str, Any]]:
    """Compare readers that know the line's prefix with new readers; return the equal readings."""
    quick = [encode_reading(_trained(**kind).read_line(line, 5)[0]) for kind in KINDS]
    full = [encode_reading(Reader(CALL_REVIEW, **kind).read_line(line, 5)[0]) for kind in KINDS]
    assert quick == full
    return [json.loads(each) for each in quick]


def test_a_line_like_the_learned_one_is_cut_to_its_variable_parts() -> None:
    """Transcript and answer are all that is left to parse."""
    line = _line(OTHER, 'She wrote "no"\n\tto Zoë\\.')
    cut = _template()(line)

    assert cut is not None
    record_id, echoed, answer, values = cut
    assert record_id == OTHER.encode() == values["record"]
    assert echoed is not None
    assert 'She wrote "no"\n\tto Zoë\\.' in json.loads(echoed)
    assert json.loads(json.loads(answer)) == ANSWER
    assert b"gemini-3.5-flash-lite" == values["modelVersion"]


@pytest.mark.parametrize(
    "line",
    [
        _line(request=echo() | {"labels": {"record": f"k-{OTHER}"}}),
        _line(request=echo() | {"generationConfig": {"maxOutputTokens": 4096}}),
        _line(request={"contents": []}),
        _line(request=...),
        _line().replace(b',"request":', b', "request":'),
        _line().replace(b'"status":""', b'"status":"no"'),
        _line().replace(b'"finishReason":"STOP"', b'"finishReason":"MAX_TOKENS"'),
        b"{}",
        b"",
    ],
)
def test_a_line_with_other_constant_bytes_is_not_cut(line: bytes) -> None:
    """All constant bytes must be equal."""
    assert _template(_line().replace(b'"role":"user"', b'"role":"me"'))(line) is None


@pytest.mark.parametrize("transcript", ["<b>no</b>", "<" * 63, "<" * 64, "\n</transcript-", ""])
def test_a_transcript_that_looks_like_its_fence_is_read_alike(transcript: str) -> None:
    """The searched character may be anywhere; a line with too many of it is read in full."""
    readings = assert_read_alike(_line(OTHER, transcript))

    assert [None] * len(KINDS) == [each["error_type"] for each in readings]


@pytest.mark.parametrize(
    "request_",
    [
        {"contents": [], "labels": {"record": f"k-{RECORD}"}},
        {"contents": [{"parts": {"text": "one part"}}]},
        {"contents": [{"parts": [{"fileData": None}]}]},
        echo() | {"systemInstruction": {"parts": [{"text": "x"}]}, "contents": "none"},
        "a request in words",
    ],
)
def test_an_echo_without_a_text_gives_no_template(request_: Any) -> None:
    """There is nothing to put other texts in place of."""
    assert _learned(_line(request=request_)) is None


def test_a_text_that_occurs_before_the_echoed_one_gives_no_template() -> None:
    """The bytes around it are not those of the text; another text in their place shows it."""
    request = {"title": "hi", "contents": [{"parts": [{"text": "hi"}]}]}

    assert _learned(_line(request=request)) is None


@held(120)
@given(texts, texts.map(lambda text: json.dumps(ANSWER | {"callSummary": text})), st.booleans())
def test_a_valid_line_is_read_alike_by_a_reader_that_knows_its_file(
    transcript: str, text: str, plain: bool
) -> None:
    """For any transcript and any summary."""
    parts = [{"text": text}] if plain else [{"text": "Hm.", "thought": True}, {"text": text}]
    response = {"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]}
    line = _line(OTHER, transcript, response=response | {"usageMetadata": {"promptTokenCount": 7}})

    assert_read_alike(line)


@held(300)
@given(
    st.integers(0, len(_line()) - 1),
    st.sampled_from([0, 0, 1, 2, 40]),
    st.binary(max_size=3)
    | st.sampled_from([b'"', b"\\", b"\n", b"\xff", b",", b"}", b'"}', RECORD.encode()])
    | st.sampled_from([b',"request":', b',"request":"x"', b',"key":"k-' + OTHER.encode() + b'"']),
)
def test_a_damaged_line_is_read_alike_by_a_reader_that_knows_its_file(
    at: int, lost: int, put: bytes
) -> None:
    """Bytes are removed or added anywhere: never a row for one reader and an error for the other."""
    response = json.loads(_line())["response"] | {"usageMetadata": {"promptTokenCount": 7}}
    line = _line(response=response)
    damaged = line[:at] + put + line[at + lost :]

    assert_read_alike(damaged)


@pytest.mark.parametrize("fingerprints", [True, False])
def test_a_file_is_read_alike_by_a_reader_that_knows_its_file(fingerprints: bool) -> None:
    """It has damaged answers, refused requests and truncated lines."""
    lines = list(samples.predictions(400, seed=11, characters=300))
    analysis = samples.long_review()
    trained = Reader(analysis, fingerprints=fingerprints)

    assert 400 == len(lines)
    for number, line in enumerate(lines, start=1):
        full = Reader(analysis, fingerprints=fingerprints).read_line(line, number)[0]
        assert encode_reading(trained.read_line(line, number)[0]) == encode_reading(full)
    assert 390 < sum(trained._read_quickly(line, 1) is not None for line in lines)


def test_an_echo_that_names_two_records_is_not_cut() -> None:
    """The bytes between are the learned ones, and the second id is another one."""
    request = echo() | {"labels": {"record": f"k-{RECORD}", "again": RECORD}}
    template = _template(_line(request=request))
    other = echo(record=OTHER) | {"labels": {"record": f"k-{OTHER}", "again": OTHER}}
    mixed = echo(record=OTHER) | {"labels": {"record": f"k-{OTHER}", "again": RECORD}}

    assert template(_line(OTHER, request=other)) is not None
    assert template(_line(OTHER, request=mixed)) is None
