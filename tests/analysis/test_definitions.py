"""Loading an analysis from its files; an error names the file and the field to correct."""

import json
from collections.abc import Callable
from importlib.resources import files as package_files
from typing import Any

import pytest

from analysis import (
    ANALYSIS_FILES,
    AnalysisError,
    Reader,
    Request,
    load_analysis,
    problems_of,
    render,
    shipped_analyses,
)
from tests.analysis.making import CALL_REVIEW, RECORD, columns_of, prediction


def test_the_call_review_is_shipped() -> None:
    """With the settings that the documentation states."""
    assert shipped_analyses() == ["call_review_v1"]
    assert CALL_REVIEW.table == "transcription_analyzed_transcripts"
    assert CALL_REVIEW.model == "gemini-3.5-flash-lite"
    limits = (CALL_REVIEW.max_output_tokens, CALL_REVIEW.raised_output_tokens)
    assert (*limits, CALL_REVIEW.output_cap) == (2048, 4096, 8192)
    assert CALL_REVIEW.max_transcript_bytes == 3_000_000


def test_the_columns_are_those_of_the_table() -> None:
    """In the table's order, with BigQuery's types."""
    columns = CALL_REVIEW.output_columns

    assert [name for name, _, _ in columns] == list(CALL_REVIEW.columns)
    assert ("agent_response_resolved", "BOOL", "NULLABLE") in columns
    assert columns[-1] == ("products", "RECORD", "REPEATED")
    fields = [("name", "STRING", "NULLABLE"), ("context", "STRING", "NULLABLE")]
    assert CALL_REVIEW.record_fields("products") == fields
    assert CALL_REVIEW.record_fields("call_summary") == []


Files = dict[str, str]


@pytest.fixture
def files() -> Files:
    """The files of the shipped analysis under another name."""
    shipped = package_files("analysis") / "call_review_v1"
    texts = {name: (shipped / name).read_text(encoding="utf-8") for name in ANALYSIS_FILES}
    return {name: text.replace("call_review_v1", "mine_v2") for name, text in texts.items()}


def change(files: Files, file: str, how: Callable[[Any], object]) -> None:
    """Edit the content of one JSON file."""
    content = json.loads(files[file])
    how(content)
    files[file] = json.dumps(content)


def test_a_user_defined_analysis_is_read(files: Files) -> None:
    """Other fields and columns, with numbers and lists, need no code."""
    schema = {
        "type": "OBJECT",
        "required": ["verdict"],
        "properties": {
            "verdict": {"type": "STRING", "maxLength": 20},
            "score": {"type": "INTEGER", "minimum": 0, "maximum": 10},
            "share": {"type": "NUMBER"},
            "tags": {"type": "ARRAY", "maxItems": 2, "items": {"type": "STRING"}},
        },
    }
    columns = {"verdict": "verdict", "score": "score", "share": "share", "tags": "tags"}
    files["schema.json"] = json.dumps(schema)
    settings = {"columns": columns, "summary": "verdict", "equivalents": {}, "shown": []}
    change(files, "analysis.json", lambda content: content.update(settings))
    mine = load_analysis("mine_v2", files)
    reader = Reader(mine)

    def row(fields: dict[str, Any]) -> Any:
        reading = reader.read_line(prediction(json.dumps(fields)), 1)[0]
        return columns_of(reading, mine) or (reading.error_type, reading.detail)

    assert [column.type for column in mine.output_columns] == [
        "STRING",
        "INT64",
        "FLOAT64",
        "STRING",
    ]
    assert row({"verdict": "ok", "score": 7, "share": 0.5, "tags": ["a"]}) == {
        "verdict": "ok",
        "score": 7,
        "share": 0.5,
        "tags": ["a"],
    }
    assert row({"verdict": "ok"}) == {"verdict": "ok", "score": None, "share": None, "tags": []}
    for fields in ({"score": 11}, {"score": 1.5}, {"score": True}, {"share": "some"}):
        assert None is row({"verdict": "ok", **fields})[next(iter(fields))]
    assert [] == row({"verdict": "ok", "tags": ["a", "b", "c"]})["tags"]
    too_long = ("schema_mismatch", "verdict: length above its bound")
    assert too_long == row({"verdict": "x" * 21})
    assert b"mine" not in next(render(mine, [Request(RECORD, "", 1)]))


@pytest.mark.parametrize(
    ("file", "how", "named"),
    [
        ("analysis.json", lambda c: c.pop("columns"), "columns"),
        ("analysis.json", lambda c: c.update(colums={}), "colums"),
        ("analysis.json", lambda c: c.update(model=3), "model"),
        ("analysis.json", lambda c: c.update(name="other_v1"), "name"),
        ("analysis.json", lambda c: c.update(summary="nothing"), "summary"),
        ("analysis.json", lambda c: c.update(summary="products"), "products"),
        ("analysis.json", lambda c: c.update(max_output_tokens=9000), "output_cap"),
        ("analysis.json", lambda c: c.update(max_transcript_bytes=0), "max_transcript_bytes"),
        ("analysis.json", lambda c: c["columns"].pop("call_tone"), "callTone"),
        ("analysis.json", lambda c: c["columns"].update(other="call.tone"), "call.tone"),
        ("analysis.json", lambda c: c["columns"].update(line="callTone"), "line"),
        ("analysis.json", lambda c: c["columns"].update(other="callTone"), "one path"),
        ("analysis.json", lambda c: c["equivalents"].update(x={}), "'x'"),
        (
            "analysis.json",
            lambda c: c["equivalents"].update(call_tone={"wrath": "red"}),
            "wrath",
        ),
        (
            "analysis.json",
            lambda c: c["equivalents"].update(call_summary={"a": "b"}),
            "as it is",
        ),
        ("schema.json", lambda c: c.update({"$defs": {}}), "$defs"),
        (
            "schema.json",
            lambda c: c["properties"]["callTone"].update(type=["STRING"]),
            "callTone",
        ),
        ("schema.json", lambda c: c["properties"]["callTone"].update(anyOf=[]), "anyOf"),
        (
            "schema.json",
            lambda c: c["properties"]["callSentiment"].pop("properties"),
            "properties",
        ),
        ("schema.json", lambda c: c["properties"].update({"a b": {"type": "STRING"}}), "a b"),
        ("schema.json", lambda c: c.update(required=["nothing"]), "required"),
        (
            "schema.json",
            lambda c: c["properties"]["languageCode"].update(pattern="("),
            "schema.json",
        ),
    ],
)
def test_an_error_names_file_and_field(
    files: Files, file: str, how: Callable[[Any], object], named: str
) -> None:
    """`problems_of` returns the message that `load_analysis` raises."""
    change(files, file, how)
    with pytest.raises(AnalysisError) as error:
        load_analysis("mine_v2", files)

    assert f"mine_v2/{file}" in str(error.value)
    assert named in str(error.value)
    assert str(error.value) in problems_of("mine_v2", files)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("user.md", "No place for the call."),
        ("user.md", "<{{record}}> {{transcript}} {{transcript}} </{{record}}>"),
        ("user.md", "{{transcript}} </{{record}}>"),
        ("user.md", "<{{record}}> {{transcript}} </{{record}}> {{company}}"),
        ("system.md", ""),
        ("system.md", "Hello {{record}}"),
        ("schema.json", "{"),
        ("analysis.json", "[]"),
    ],
)
def test_a_template_without_its_placeholders_is_refused(files: Files, file: str, text: str) -> None:
    """The model could take a transcript without a fence for instructions."""
    files[file] = text
    with pytest.raises(AnalysisError, match=file):
        load_analysis("mine_v2", files)


@pytest.mark.parametrize("file", ["system.md", "user.md", "schema.json", "analysis.json"])
def test_a_missing_file_is_named(files: Files, file: str) -> None:
    """The message has a remedy."""
    del files[file]
    message = f"mine_v2/{file} is missing: add it"
    with pytest.raises(AnalysisError, match=message):
        load_analysis("mine_v2", files)
    assert [message] == problems_of("mine_v2", files)


@pytest.mark.parametrize("name", ["call_review", "../call_review_v1", "", "call_review_v9"])
def test_an_unknown_name_is_refused(name: str) -> None:
    """A name is never used as a path."""
    with pytest.raises(AnalysisError):
        load_analysis(name)


@pytest.mark.parametrize(
    ("file", "name", "value"),
    [("schema.json", "type", '"OBJECT"'), ("analysis.json", "name", '"mine_v2"')],
)
def test_a_property_that_is_given_twice_is_refused(
    files: Files, file: str, name: str, value: str
) -> None:
    """The parsers take the last one in silence."""
    files[file] = files[file].replace("{", f'{{"{name}": {value}, ', 1)

    (problem,) = problems_of("mine_v2", files)
    assert problem.startswith(f"mine_v2/{file}: {name} is given twice; correct")
    with pytest.raises(AnalysisError):
        load_analysis("mine_v2", files)
