"""The short way of reading, which parses no echo twice, and the long way say the same."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import Reader, encode_reading
from analysis.reading.echoed_request import KnownPrefix, learn_prefix
from benchmarks import samples
from tests.analysis.making import ANSWER, CALL_REVIEW, OTHER, RECORD, echo, held, prediction

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
NULLS = {"fileData": None, "functionCall": None}


def _line(record: str = RECORD, transcript: str = "Hello?", **fields: Any) -> bytes:
    """A line as the service writes it: nothing between the signs, nulls in the echo."""
    request = echo(transcript, record)
    request["contents"][0]["parts"][0] |= NULLS
    usual = {"key": f"k-{record}", "request": request, **fields}
    said = json.loads(prediction(json.dumps(ANSWER), **usual))
    order = ("status", "processed_time", "request", "response", "key")
    moved = {name: said.pop(name) for name in order if name in said} | said
    return json.dumps(moved, ensure_ascii=False, separators=(",", ":")).encode()


def _frame(line: bytes = _line()) -> KnownPrefix:
    frame = learn_prefix(line, RECORD, CALL_REVIEW.fence)
    assert frame is not None
    return frame


def _taught(**settings: bool) -> Reader:
    reader = Reader(CALL_REVIEW, **settings)
    assert reader.read_line(_line(), 1).error_type is None
    return reader


def _both(line: bytes) -> Iterator[tuple[bytes, bytes]]:
    """What readers make of a line that know its frame, and what those that see their first."""
    kinds: list[dict[str, bool]] = [{}, {"fingerprints": False}, {"admit_lossy": True}]
    for kind in kinds:
        short, full = (
            each.read_line(line, 5) for each in (_taught(**kind), Reader(CALL_REVIEW, **kind))
        )
        yield encode_reading(short), encode_reading(full)


def test_a_line_of_the_frame_is_cut_down_to_what_is_its_own() -> None:
    """Transcript and answer: what is left to parse is a fraction of the line."""
    line = _line(OTHER, 'She said "no"\n\tto Zoë\\.')
    cut = _frame().cut(line, b'"cut"')

    assert cut is not None
    told, transcript, rest = cut
    assert told == OTHER.encode()
    assert json.loads(transcript) == 'She said "no"\n\tto Zoë\\.'
    assert len(rest) < len(line) // 2
    assert json.loads(rest) == json.loads(line) | {"request": "cut"}


@pytest.mark.parametrize(
    "line",
    [
        _line(request=echo() | {"labels": {"record": f"k-{OTHER}"}}),
        _line(request=echo() | {"generationConfig": {"maxOutputTokens": 4096}}),
        _line(request={"contents": []}),
        _line(request=...),
        _line().replace(b',"request":', b', "request":'),
        b"{}",
        b"",
    ],
)
def test_a_line_of_another_frame_is_left_whole(line: bytes) -> None:
    """The bytes of a frame are all of its bytes."""
    assert _frame(_line().replace(b'"role":"user"', b'"role":"me"')).cut(line, b"0") is None


@pytest.mark.parametrize("transcript", ["<b>no</b>", "<" * 63, "<" * 64, "\n</transcript-", ""])
def test_a_transcript_that_looks_like_its_fence_is_read_alike(transcript: str) -> None:
    """The sign by which the end is found may stand anywhere; with too many the long way is gone."""
    for short, full in _both(_line(OTHER, transcript)):
        assert short == full
        assert json.loads(short)["error_type"] is None


@pytest.mark.parametrize(
    "request_",
    [
        echo() | {"labels": {"record": "none"}},
        echo() | {"labels": {"record": f"k-{RECORD}", "again": RECORD}},
        echo(f"{RECORD} is what I was told"),
        {"contents": [], "labels": {"record": RECORD, "a": RECORD, "b": RECORD}},
        {"labels": {"record": RECORD}, "contents": [f"{RECORD} {RECORD}"]},
    ],
)
def test_an_echo_without_a_provable_frame_lends_none(request_: dict[str, Any]) -> None:
    """Two ids in the turn and one after it, and nothing else that follows from them."""
    assert learn_prefix(_line(request=request_), RECORD, CALL_REVIEW.fence) is None


@held(120)
@given(texts, texts.map(lambda text: json.dumps(ANSWER | {"callSummary": text})), st.booleans())
def test_both_ways_say_the_same_of_a_line_that_went_well(
    transcript: str, said: str, plain: bool
) -> None:
    """Whatever was asked about, and whatever was answered."""
    parts = [{"text": said}] if plain else [{"text": "Hm.", "thought": True}, {"text": said}]
    response = {"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]}
    line = _line(OTHER, transcript, response=response | {"usageMetadata": {"promptTokenCount": 7}})

    for short, full in _both(line):
        assert short == full


@held(300)
@given(
    st.integers(0, len(_line()) - 1),
    st.sampled_from([0, 0, 1, 2, 40]),
    st.binary(max_size=3)
    | st.sampled_from([b'"', b"\\", b"\n", b"\xff", b",", b"}", b'"}', RECORD.encode()])
    | st.sampled_from([b',"request":', b',"request":"x"', b',"key":"k-' + OTHER.encode() + b'"']),
)
def test_both_ways_say_the_same_of_a_damaged_line(at: int, lost: int, put: bytes) -> None:
    """Bytes lost, bytes added, anywhere: never a row on one way that the other refuses."""
    response = json.loads(_line())["response"] | {"usageMetadata": {"promptTokenCount": 7}}
    line = _line(response=response)
    damaged = line[:at] + put + line[at + lost :]

    for short, full in _both(damaged):
        assert short == full


@pytest.mark.parametrize("fingerprints", [True, False])
def test_both_ways_say_the_same_of_a_file(fingerprints: bool) -> None:
    """With its share of damaged answers, refused requests and cut lines."""
    lines = list(samples.predictions(400, seed=11, characters=300))
    analysis = samples.house_review()
    taught = Reader(analysis, fingerprints=fingerprints)

    for number, line in enumerate(lines, start=1):
        full = Reader(analysis, fingerprints=fingerprints).read_line(line, number)
        assert encode_reading(taught.read_line(line, number)) == encode_reading(full)
