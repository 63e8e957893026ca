"""A property that is given twice is an error of its line, wherever it is, and never a row."""

import json

import pytest

from analysis import Reader, Reading
from analysis.strict_json import DuplicateKey, InvalidJson, check_unique
from tests.analysis.making import ANSWER, CALL_REVIEW, OTHER, RECORD, columns_of
from tests.analysis.test_echo_frame import _line

REASON = b'"finishReason":"STOP"'
TEXT = b'"text":"{'
KEY = b'"key":"k-%b"' % RECORD.encode()

TWICE = {
    "a truncated answer, then a finished one": (
        _line().replace(REASON, b'"finishReason":"MAX_TOKENS",' + REASON),
        "response.candidates[0].finishReason",
    ),
    "the same value twice": (
        _line().replace(REASON, REASON + b"," + REASON),
        "response.candidates[0].finishReason",
    ),
    "names that are equal after unescaping": (
        _line().replace(REASON, b'"finish\\u0052eason":"MAX_TOKENS",' + REASON),
        "response.candidates[0].finishReason",
    ),
    "two answers in one part": (
        _line().replace(TEXT, b'"text":"{}",' + TEXT),
        "response.candidates[0].content.parts[0].text",
    ),
    "the same answer twice in one part": (
        _line().replace(
            b'"parts":[{"text":"{', b'"parts":[{"text":%b,"text":"{' % json.dumps(
                json.dumps(ANSWER)).encode(),
        ),
        "response.candidates[0].content.parts[0].text",
    ),
    "a property that is not read": (
        _line().replace(REASON, REASON + b',"avgLogprobs":-0.1,"avgLogprobs":-0.2'),
        "response.candidates[0].avgLogprobs",
    ),
    "two responses": (
        _line().replace(b'"response":', b'"response":{},"response":'),
        "response",
    ),
    "two statuses": (_line().replace(b'"status":""', b'"status":"","status":""'), "status"),
}  # fmt: skip
UNCLEAR = {
    "two keys": (_line().replace(KEY, b'"key":"k-%b",' % OTHER.encode() + KEY), "key"),
    "the same key twice": (_line().replace(KEY, KEY + b"," + KEY), "key"),
    "two requests": (_line().replace(b'"response":', b'"request":{},"response":'), "request"),
    "two labels": (
        _line().replace(b'"labels":{', b'"labels":{"record":"k-%b",' % OTHER.encode()),
        "request.labels.record",
    ),
}


def _untrained(line: bytes) -> Reading:
    return Reader(CALL_REVIEW).read_line(line, 5)[0]


def _trained(line: bytes) -> Reading:
    """Read the line as one of many, by a reader that knows the constant bytes of the file."""
    reader = Reader(CALL_REVIEW)
    assert reader.read_line(_line(), 1)[0].error_type is None
    return reader.read_line(line, 5)[0]


def _in_a_line_of_another_type(line: bytes) -> Reading:
    """Read it as a line that the typed decoder refuses."""
    return _untrained(line.replace(b'"processed_time":', b'"custom_id":[],"processed_time":', 1))


def _spaced(line: bytes) -> Reading:
    """Read it as another program writes JSON: with blanks, and more escapes than necessary."""
    return _untrained(b" " + line.replace(b'"status":', b'"status" : ').replace(b"Z", b"\\u005a"))


WAYS = [_untrained, _trained, _in_a_line_of_another_type, _spaced]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", TWICE)
def test_a_line_with_a_property_twice_is_an_error_of_its_record(kind: str, way: object) -> None:
    """The detail names the path, not the values."""
    assert callable(way)
    line, path = TWICE[kind]
    reading: Reading = way(line)

    assert (RECORD, "json_parse_error") == (reading.record_id, reading.error_type)
    assert f"{path} is given twice" == reading.detail
    assert {} == columns_of(reading)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", UNCLEAR)
def test_a_line_that_names_its_record_twice_belongs_to_no_record(kind: str, way: object) -> None:
    """Either may be meant; the record of the other is asked again."""
    assert callable(way)
    line, path = UNCLEAR[kind]
    reading: Reading = way(line)

    assert (None, "json_parse_error") == (reading.record_id, reading.error_type)
    assert f"{path} is given twice" == reading.detail


def test_what_a_line_cost_is_counted_although_a_property_is_given_twice() -> None:
    usage = b'"usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":3},'
    line = TWICE["the same value twice"][0].replace(b'"modelVersion"', usage + b'"modelVersion"')
    reading = _trained(line)

    assert ("json_parse_error", 7, 3) == (
        reading.error_type, reading.prompt_tokens, reading.output_tokens,
    )  # fmt: skip


def test_names_that_differ_in_case_or_place_are_no_repetition() -> None:
    """One name in two objects of a list, or in an object and one inside it, is usual."""
    more = b',"safetyRatings":[{"category":"A"},{"category":"A"}],"a":{"a":{"a":1}},"A":2'
    reading = _trained(_line().replace(REASON, REASON + more))

    assert (None, "exact") == (reading.error_type, reading.repair_grade)


def test_an_answer_that_quotes_json_with_a_property_twice_is_a_row() -> None:
    """Text is text: the properties of the answer are its own."""
    quoted = 'He read: "finishReason":"STOP","finishReason":"STOP", {"a":1,"a":2}'
    reading = _trained(_line(response=json.loads(_line())["response"] | {}).replace(
        b"The delay annoyed them.", json.dumps(json.dumps(quoted)[1:-1])[1:-1].encode()
    ))  # fmt: skip

    assert None is reading.error_type
    assert quoted == columns_of(reading)["call_sentiment_summary"]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (b'{"limit":1,"limit":6}', "limit"),
        (b'{"limit":1,"l\\u0069mit":6}', "limit"),
        ('{"é":1,"\\u00e9":2}'.encode(), '"\\u00e9"'),
        (b'[0,{"a":[{"b":{"c":1,"d":2,"c":1}}]}]', "[1].a[0].b.c"),
        (b'{"a":{"x":1,"x":2},"a":1}', "a"),
        (b'{"a":{"x":1,"x":2},"b":{"y":1,"y":2}}', "a.x"),
        (b'{"":1,"":2}', '""'),
        (b'{"a b":1,"a b":2}', '"a b"'),
        (b'{"\xff":1,"\xff":2}', '"\\udcff"'),
        (b'[{"a":1,"a":2},' + b"[" * 100_000, ""),
    ],
)
def test_the_path_of_a_repeated_property_is_named(text: bytes, path: str) -> None:
    with pytest.raises(DuplicateKey) as raised:
        check_unique(text)

    assert path == raised.value.path


def test_a_long_path_is_shortened_from_its_beginning() -> None:
    deep = b'{"level":' * 90 + b'{"x":1,"x":2}' + b"}" * 90
    with pytest.raises(DuplicateKey) as raised:
        check_unique(deep)

    assert raised.value.path.startswith("…")
    assert raised.value.path.endswith(".level.x")
    assert 100 > len(str(raised.value))


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b'{"a":NaN}', b"[" * 100_000, b'{"a":1}{"a":1}', b"\xef\xbb\xbf{}", b"\x00"],
)
def test_text_that_is_not_json_is_invalid(text: bytes) -> None:
    with pytest.raises(InvalidJson):
        check_unique(text)


@pytest.mark.parametrize("text", [b"{}", b'"a"', b'{"a":1e400}', b'{"a":%b}' % (b"9" * 5_000)])
def test_text_without_a_repetition_passes(text: bytes) -> None:
    check_unique(text)
