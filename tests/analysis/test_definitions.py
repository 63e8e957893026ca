"""An analysis is a folder; a wrong one says which file and field to correct."""

import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from analysis import AnalysisError, Reader, Request, analyses, load_analysis, render
from tests.analysis.making import CALL_REVIEW, RECORD, prediction


def test_the_call_review_is_shipped() -> None:
    """With the defaults that the rest of the troupe relies on."""
    assert analyses() == ["call_review_v1"]
    assert CALL_REVIEW.table == "transcription_analyzed_transcripts"
    assert CALL_REVIEW.model == "gemini-3.5-flash-lite"
    limits = (CALL_REVIEW.max_output_tokens, CALL_REVIEW.raised_output_tokens)
    assert (*limits, CALL_REVIEW.output_cap) == (2048, 4096, 8192)
    assert CALL_REVIEW.max_transcript_bytes == 3_000_000


def test_the_columns_are_those_of_the_table() -> None:
    """In its order, in BigQuery's types."""
    columns = CALL_REVIEW.output_columns

    assert [name for name, _, _ in columns] == list(CALL_REVIEW.columns)
    assert ("agent_response_resolved", "BOOL", "NULLABLE") in columns
    assert columns[-1] == ("products", "RECORD", "REPEATED")
    fields = [("name", "STRING", "NULLABLE"), ("context", "STRING", "NULLABLE")]
    assert CALL_REVIEW.record_fields("products") == fields
    assert CALL_REVIEW.record_fields("call_summary") == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped analysis under another name."""
    target = tmp_path / "mine_v2"
    target.mkdir()
    for file in (files("analysis") / "call_review_v1").iterdir():
        text = file.read_text(encoding="utf-8").replace("call_review_v1", "mine_v2")
        (target / file.name).write_text(text, encoding="utf-8")
    return target


def change(folder: Path, file: str, how: Callable[[Any], object]) -> None:
    """Edit one JSON file of the folder."""
    content = json.loads((folder / file).read_text(encoding="utf-8"))
    how(content)
    (folder / file).write_text(json.dumps(content), encoding="utf-8")


def test_an_analysis_of_ones_own(folder: Path) -> None:
    """Other fields, other columns, numbers and lists: the same reader."""
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
    (folder / "schema.json").write_text(json.dumps(schema), encoding="utf-8")
    settings = {"columns": columns, "summary": "verdict", "equivalents": {}}
    change(folder, "analysis.json", lambda content: content.update(settings))
    mine = load_analysis("mine_v2", folder)
    reader = Reader(mine)

    def row(said: dict[str, Any]) -> Any:
        reading = reader.read_line(prediction(json.dumps(said)), 1)
        return reading.columns or (reading.error_type, reading.detail)

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
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"score": 11}, "score: size above its bound"),
        ({"score": 1.0}, "score: not an integer"),
        ({"score": True}, "score: not an integer"),
        ({"share": "1"}, "share: not a number"),
        ({"tags": ["a", "b", "c"]}, "tags: number of elements above its bound"),
        ({"tags": [None]}, "tags[]: null"),
        ({"verdict": "x" * 21}, "verdict: length above its bound"),
    ]
    for said, rule in wrong:
        assert row({"verdict": "ok", **said}) == ("schema_mismatch", rule)
    assert b"mine" not in next(render(mine, [Request(RECORD, "", 1)]))


@pytest.mark.parametrize(
    ("file", "how", "told"),
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
def test_a_wrong_folder_names_file_and_field(
    folder: Path, file: str, how: Callable[[Any], object], told: str
) -> None:
    """And nothing is half loaded."""
    change(folder, file, how)
    with pytest.raises(AnalysisError) as wrong:
        load_analysis("mine_v2", folder)

    assert f"mine_v2/{file}" in str(wrong.value)
    assert told in str(wrong.value)


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
def test_a_template_without_its_places_is_refused(folder: Path, file: str, text: str) -> None:
    """A transcript that is not fenced would be an instruction."""
    (folder / file).write_text(text, encoding="utf-8")
    with pytest.raises(AnalysisError, match=file):
        load_analysis("mine_v2", folder)


@pytest.mark.parametrize("file", ["system.md", "user.md", "schema.json", "analysis.json"])
def test_a_missing_file_is_named(folder: Path, file: str) -> None:
    """With what to do."""
    (folder / file).unlink()
    with pytest.raises(AnalysisError, match=f"mine_v2/{file}"):
        load_analysis("mine_v2", folder)


@pytest.mark.parametrize("name", ["call_review", "../call_review_v1", "", "call_review_v9"])
def test_an_unknown_name_is_refused(name: str) -> None:
    """A name is never a path."""
    with pytest.raises(AnalysisError):
        load_analysis(name)
