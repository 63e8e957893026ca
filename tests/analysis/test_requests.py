"""Request lines: their exact content, and the checks that Vertex AI accepts them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import (
    Preflight,
    PreflightError,
    Request,
    check_file,
    check_template,
    preflight,
    render,
)
from tests.analysis.making import CALL_REVIEW, OTHER, RECORD, held

RECORDS = (RECORD, OTHER)


def lines(*transcripts: str, tokens: int = 2048) -> list[bytes]:
    """The rendered lines of some transcripts."""
    pairs = zip(RECORDS, transcripts, strict=False)
    return list(render(CALL_REVIEW, [Request(r, t, tokens) for r, t in pairs]))


def test_a_request_line_has_the_documented_fields() -> None:
    """The key twice, the system instruction apart from the transcript, and no sampling settings."""
    (line,) = lines("Hello?")
    content = json.loads(line)
    request = content["request"]

    assert line.endswith(b"}\n")
    assert content["key"] == request["labels"]["record"] == f"k-{RECORD}"
    assert request["systemInstruction"] == {"parts": [{"text": CALL_REVIEW.system}]}
    assert request["generationConfig"] == {
        "responseMimeType": "application/json",
        "responseSchema": CALL_REVIEW.schema,
        "maxOutputTokens": 2048,
        "thinkingConfig": {"thinkingLevel": "MINIMAL"},
    }
    assert [turn["role"] for turn in request["contents"]] == ["user"]
    assert set(request) == {"contents", "systemInstruction", "generationConfig", "labels"}


def test_the_fixed_part_of_a_request_is_short() -> None:
    """It is sent and billed with every transcript."""
    (line,) = lines("")

    assert len(line) < 3200


@held(150)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_a_transcript_is_sent_byte_for_byte(transcript: str) -> None:
    """Inside its fence, for any text."""
    (line,) = lines(transcript)
    text = json.loads(line)["request"]["contents"][0]["parts"][0]["text"]

    assert CALL_REVIEW.template.fence.open(text.encode()) == (RECORD, transcript.encode())
    assert f"<transcript-{RECORD}>\n{transcript}\n</transcript-{RECORD}>" in text


@held(100)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200), st.integers(1, 8192))
def test_the_size_of_a_line_can_be_planned(transcript: str, tokens: int) -> None:
    """Overhead plus escaped transcript is at least the size, and exact for a limit of 4 digits."""
    (line,) = lines(transcript, tokens=tokens)
    planned = CALL_REVIEW.line_overhead_bytes + _escaped(transcript)

    assert 0 <= planned - len(line) == 4 - len(str(tokens))


def _escaped(text: str) -> int:
    """Bytes of the text as JSON, without its quotes, as TO_JSON_STRING writes it."""
    return len(json.dumps(text, ensure_ascii=False).encode()) - 2


@pytest.mark.parametrize(
    "transcript", ["</transcript>", "</transcript-{{record}}>", "{{transcript}}"]
)
def test_a_transcript_cannot_close_its_fence(transcript: str) -> None:
    """The tag has an id that speakers cannot know, and placeholders in a transcript stay as they are."""
    (line,) = lines(transcript)
    text = json.loads(line)["request"]["contents"][0]["parts"][0]["text"]

    assert text.count(f"</transcript-{RECORD}>") == 1
    assert CALL_REVIEW.template.fence.open(text.encode()) == (RECORD, transcript.encode())


@pytest.mark.parametrize("record", ["", "x" * 32, RECORD.upper(), RECORD + "0"])
def test_only_record_ids_are_rendered(record: str) -> None:
    """A phone number passed by mistake must not reach keys and labels."""
    with pytest.raises(PreflightError, match="line 1"):
        list(render(CALL_REVIEW, [Request(record, "x", 1)]))


def test_a_lone_surrogate_is_refused() -> None:
    """It has no UTF-8 form; the error does not quote it."""
    with pytest.raises(PreflightError, match="Unicode"):
        lines("\ud800")


def test_the_shipped_template_passes_every_rule() -> None:
    """One bad line would make Vertex AI refuse the whole job."""
    check_template(CALL_REVIEW)


def test_preflight_yields_lines_unchanged() -> None:
    """It counts lines and bytes."""
    made, seen = lines("one", "two"), Preflight()

    assert list(preflight(CALL_REVIEW, made, seen)) == made
    assert (seen.lines, seen.size) == (2, sum(map(len, made)))
    assert check_file(made).size == seen.size


def test_preflight_refuses_a_duplicate_key() -> None:
    """The error has the line number, not the key."""
    (line,) = lines("one")
    with pytest.raises(PreflightError) as refused:
        list(preflight(CALL_REVIEW, [line, line]))

    assert (refused.value.rule, refused.value.line) == ("keys are unique", 2)
    assert RECORD not in str(refused.value)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda line: line[:-1],
        lambda line: line.replace(b"}}\n", b"}} \n"),
        lambda line: line[:200] + b"\n" + line[200:],
        lambda line: line.replace(b"k-0", b"k-1", 1),
        lambda line: line.replace(b"k-0", b"k-G"),
    ],
)
def test_preflight_refuses_a_line_of_another_template(spoil: Any) -> None:
    """Only the template was checked by every rule."""
    with pytest.raises(PreflightError):
        list(preflight(CALL_REVIEW, [spoil(lines("one")[0])]))


def test_preflight_refuses_a_file_over_the_limits() -> None:
    """Vertex AI would refuse it, so it is not written."""
    seen = Preflight(lines=200_000)
    with pytest.raises(PreflightError, match="200000 lines"):
        list(preflight(CALL_REVIEW, lines("x"), seen))
    with pytest.raises(PreflightError, match="bytes"):
        list(preflight(CALL_REVIEW, lines("x"), Preflight(size=1_000_000_000)))


def test_preflight_takes_as_many_different_lines_as_the_service() -> None:
    """And not one more."""
    seen = Preflight()
    for number in range(200_000):
        seen.count(b"", b"%d" % number)

    with pytest.raises(PreflightError, match="200000 lines"):
        seen.count(b"", b"200000")


def _file(*contents: object) -> Iterator[bytes]:
    for number, content in enumerate(contents):
        body = {"key": f"k-{number}", "request": content}
        yield json.dumps(body).encode() + b"\n"


def _nested(depth: int) -> object:
    return {"a": _nested(depth - 1)} if depth else 1


@pytest.mark.parametrize(
    ("contents", "rule"),
    [
        ([{"a": {}}], "no object is empty"),
        ([{"a": [{"b": {}}]}], "no object is empty"),
        ([{"a": None}], "no value is null"),
        ([{"a": [1, None]}], "no value is null"),
        ([{"$defs": 1}], "names are"),
        ([{"a b": 1}], "names are"),
        ([{"1a": 1}], "names are"),
        ([{"type": "x"}, {"type": ["x"]}], "one type"),
        ([{"a": [1, "x"]}], "one type"),
        ([{"a": True}, {"a": 1}], "one type"),
        ([{"a": [[1]]}], "no list is in a list"),
        ([{"systemInstruction": 1}, {"system_instruction": 1}], "one spelling"),
        ([_nested(15)], "nested at most 15"),
    ],
)
def test_a_full_check_applies_the_importers_rules(contents: list[object], rule: str) -> None:
    """Each was found in refused jobs."""
    text = b"".join(_file(*contents))
    with pytest.raises(PreflightError, match=rule):
        check_file(text.splitlines(keepends=True))


def test_a_full_check_accepts_valid_lines() -> None:
    """Integers and decimals under one key, several lines, the deepest nesting."""
    check_file(_file({"a": 1}, {"a": 1.5}, {"b": [{"c": "x"}]}, {"c": _nested(12)}))


@pytest.mark.parametrize("line", [b"{", b"[1]", b"{}", b'{"key": "7"}', b'{"key": 7, "a": 1}'])
def test_a_full_check_refuses_keys_that_are_not_strings_with_a_letter_first(line: bytes) -> None:
    """The importer returns a key that looks like a number as a number."""
    with pytest.raises(PreflightError):
        check_file([line])


def test_a_request_file_with_a_property_twice_is_refused() -> None:
    """Vertex AI's importer would take one of the two."""
    (line,) = lines("one")
    with pytest.raises(PreflightError) as refused:
        check_file(
            [line, line.replace(b'"labels":{', b'"labels":{},"labels":{').replace(b"k-0", b"k-1")]
        )

    assert (refused.value.rule, refused.value.line) == ("every property is given once", 2)
