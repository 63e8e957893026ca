"""Hostile text: bounded work, an error of its own record only, and never a row of other content.

The tests count calls and sizes; none measures time.
"""

import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest

from analysis import Reader, encode_reading
from analysis.reading import repair
from analysis.reading.documents import well_formed_part
from analysis.reading.repair import RepairFailed, safe_repair
from analysis.reading.repair_check import RepairUnproven, items_of_text
from tests.analysis.making import ANSWER, CALL_REVIEW, answer, columns_of, prediction, read

WHOLE = json.dumps(ANSWER, ensure_ascii=False)

SHAPES = {
    "nested lists": "[" * 100_000,
    "nested objects": '{"a":' * 100_000,
    "closed nesting": '{"callSummary": "x", "y": ' + "[" * 50_000 + "]" * 50_000 + "}",
    "commas": "{" + "," * 500_000 + "}",
    "quotes": "{" + '"' * 100_001 + "}",
    "escaped quotes": '{"' + '\\"' * 100_000 + "}",
    "unquoted words": "{" + "a: b c, " * 30_000 + "}",
    "round brackets": "((((" * 20_000 + "}",
    "repetition": '{"callSummary": "' + "and so on " * 400_000,
    "fences": "```" * 50_000 + "{}",
    "many objects": "{}" * 50_000,
    "a long number": '{"callSummary": ' + "9" * 100_000 + "}",
    "strings without commas": '{"callSummary": "x" ' + '"y" ' * 30_000 + "}",
    "blanks": "{" + " " * 1_000_000 + '"callSummary" "x"}',
    "backslashes": '{"callSummary": "' + "\\" * 200_001 + "}",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_hostile_text_is_an_error(shape: str) -> None:
    """Of a named type, with a detail that does not grow with the text."""
    reading = read(SHAPES[shape])

    assert reading.error_type in {
        "json_parse_error", "repaired_lossy", "schema_mismatch", "missing_summary",
    }  # fmt: skip
    assert len(str(reading.detail)) < 100
    assert len(encode_reading(reading)) < 1_000


@pytest.mark.parametrize("shape", SHAPES)
def test_json_repair_gets_only_texts_of_bounded_size(
    shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes quadratic time on some shapes, so it is called at most once, with a short text."""
    texts: list[str] = []

    def repaired(text: str, **_: Any) -> tuple[Any, list[dict[str, str]]]:
        texts.append(text)
        return {}, []

    monkeypatch.setattr(repair, "repair_json", repaired)
    Reader(CALL_REVIEW).read_line(prediction(SHAPES[shape]), 1)[0]

    assert len(texts) <= 1
    assert all(len(text) <= repair.MAX_CHARACTERS for text in texts)


@pytest.mark.parametrize("error", [RecursionError, ValueError, IndexError, KeyError, TypeError])
def test_an_exception_of_json_repair_is_an_error_of_its_record(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch goes on."""

    def fails(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(repair, "repair_json", fails)
    text = WHOLE.replace('", "callTone', '" "callTone')

    assert read(text).error_type == "json_parse_error"
    with pytest.raises(RepairFailed):
        safe_repair(text)


@pytest.mark.parametrize("shape", ["quotes", "escaped quotes", "backslashes", "repetition"])
def test_the_repair_check_reads_a_text_once(shape: str) -> None:
    """Its pattern does not backtrack, so that each character is matched once."""
    text = SHAPES[shape]
    with suppress(RepairUnproven):
        assert len(items_of_text(text)) <= len(text)


def test_a_broken_line_is_read_up_to_a_limit_of_tokens() -> None:
    """A line of two million tokens takes as long as one of two hundred thousand."""
    text = "[" + "0," * 1_000_000 + "0]"

    assert 0 < len(well_formed_part(text)) <= 100_000


POISON = [
    b"[" * 200_000,
    b'{"request":' * 100_000,
    b'{"key":"' + b"\\" * 100_001,
    b'{"status":"' + b"\xf0\x9f" * 100_000 + b'"}',
    b"\x00" * 1_000,
    b"\xff\xfe{}",
    prediction("[" * 100_000),
    prediction('{"callSummary": "\\ud800"}'),
    prediction('{"callSummary": NaN}'),
    prediction(WHOLE[:-1] + ', "callSummary": "Another."}'),
]


@pytest.mark.parametrize("at", range(len(POISON)))
def test_one_bad_line_never_fails_a_batch(at: int) -> None:
    """The lines before and after it are rows with their own numbers."""
    good = prediction(WHOLE)
    blocks = [good + b"\n", POISON[at] + b"\n", good]
    readings = list(Reader(CALL_REVIEW).read(blocks))

    assert [1, 2, 3] == [reading.line for reading in readings]
    assert ["exact", None, "exact"] == [reading.repair_grade for reading in readings]
    assert all(encode_reading(reading).count(b"\n") == 1 for reading in readings)


@pytest.mark.parametrize("escape", ["\\u0000", "\\ud800", "\\udc00\\ud800"])
@pytest.mark.parametrize("field", ["callSummary", "callSentimentSummary"])
def test_a_character_that_no_table_can_store_is_refused_in_every_field(
    escape: str, field: str
) -> None:
    """Escaped, in otherwise valid JSON."""
    text = json.dumps(answer(**{field: "A@B"})).replace("A@B", f"A{escape}B")
    reading = read(text)

    if field == "callSummary":
        assert reading.error_type == "schema_mismatch"
    else:
        assert ("partial", ["call_sentiment_summary"]) == (reading.grade, reading.nulled_fields)
        assert "\x00" not in str(reading.raw_values)


def test_a_pair_of_surrogates_is_one_character() -> None:
    """Escaped emoji are stored as one character."""
    text = json.dumps(answer(callSummary="A fox: 🦊"), ensure_ascii=True)

    assert columns_of(read(text))["call_summary"] == "A fox: 🦊"


@pytest.mark.parametrize(
    "duplicate",
    [
        '"callSummary": "b"',
        '"callTone": null, "callTone": null',
        '"products": [], "products": []',
        '"agentResponse": {"resolved": true, "resolved": true, "summary": null}',
        '"products": [{"name": "a", "name": "a"}]',
        '"x": {"y": 1, "y": 1}',
    ],
)
def test_a_duplicate_property_is_never_exact(duplicate: str) -> None:
    """Also with equal values, at any depth, and in unknown properties."""
    for quote in ("", '\\"'):
        text = f'{{"callSummary": "a{quote}", {duplicate}}}'
        assert (read(text).error_type, read(text).repair_grade) == ("json_parse_error", None)


def test_the_fast_path_and_the_general_path_agree() -> None:
    """What the fast path reads, the general check reads with the same values."""
    contract = CALL_REVIEW.contract
    changes: list[dict[str, Any]] = [
        {},
        {"callTone": ...},
        {"products": []},
        {"callSummary": 'x "y" \\ z'},
    ]
    for changed in changes:
        fields = answer(**changed)
        for indent in (None, 2):
            text = json.dumps(fields, indent=indent)
            quick = contract.encode(text)
            slow = _without_nulls(msgspec.json.decode(quick)) if quick else None
            fitted = contract.fit(fields)
            assert slow is None or (slow, "exact") == (_without_nulls(fitted.answer), fitted.grade)


def _without_nulls(answer: dict[str, Any]) -> dict[str, Any]:
    """What is absent is null in every column."""
    return {
        name: _without_nulls(value) if isinstance(value, dict) else value
        for name, value in answer.items()
        if value is not None
    }


@pytest.mark.parametrize("depth", [100, 500, 900, 985, 3_000])
def test_nesting_of_any_depth_is_no_exception(depth: int) -> None:
    """Wherever it is: in an optional value, an unknown property, a status, or beside the response."""
    nested = "[" * depth + "]" * depth
    optional = WHOLE.replace('"frustrated"', nested)
    unknown = f'{WHOLE[:-1]}, "x": {nested}}}'
    line = prediction(WHOLE)
    lines = [
        prediction(optional),
        prediction(unknown),
        line.replace(b'"status": ""', b'"status": {"a": %b}' % nested.encode()),
        line.replace(b'"status": ""', b'"status": "", "x": %b' % nested.encode()),
        prediction(WHOLE, request=nested),
    ]
    reader = Reader(CALL_REVIEW)
    for each in (*lines, line, *lines):
        (reading,) = reader.read_line(each, 1)
        assert encode_reading(reading).count(b"\n") == 1


@pytest.mark.parametrize("name", ["request", "response"])
def test_a_property_twice_in_json_within_a_text_is_an_error(name: str) -> None:
    """A request or response that is given as text is JSON like any other."""
    text = json.dumps(json.loads(prediction(WHOLE))[name])
    twice = '{"labels": 1, "labels": 2, "candidates": 1, "candidates": 2,' + text[1:]

    assert read(WHOLE, **{name: twice}).error_type == "json_parse_error"
