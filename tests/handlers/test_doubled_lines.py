"""Runs whose output holds every answer twice, and runs whose answers do not quite fit."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from tests.analysis.making import ANSWER
from tests.analysis.own import NAME, folder_of
from tests.faults import replace_method
from tests.harness import LocalHarness, calls, id_of
from troupe import operations
from troupe.backends.local.operations import add_analysis
from troupe.standin.prediction_lines import Answer

ROWS = "SELECT count(*) FROM transcription_analyzed_transcripts"


def odd(_: Any) -> Answer:
    """An answer with a language in capitals and a tone that the schema does not have."""
    return Answer(text=json.dumps(ANSWER | {"languageCode": "ES", "callTone": "splendid"}))


def test_answers_that_do_not_quite_fit_are_rows_that_say_so(
    make_harness: Callable[..., LocalHarness],
) -> None:
    """In the row, the closing, the report and the history of the record."""
    harness = make_harness(answerer=odd)
    harness.load(calls(6))

    totals = harness.totals()

    assert (6, 0) == (totals["analysed"], totals["failed"])
    assert 6 == harness.one(ROWS)
    assert [("partial", ["language_code"], ["call_tone"], "es", None)] == harness.sql(
        "SELECT DISTINCT grade, normalised_fields, nulled_fields, language_code, call_tone "
        "FROM transcription_analyzed_transcripts"
    )
    assert [(0, 6, '[["call_tone",0,6],["language_code",6,0]]')] == harness.sql(
        "SELECT normalised, partial, field_counts FROM attempt_closings"
    )
    summary = operations.report(harness.backend, "r1").summary
    tone, language = summary.changed_fields
    assert ("call_tone", 0, 6, 0, True, ["splendid"], '"call_tone": {"splendid": null}') == (
        msgspec.structs.astuple(tone)
    )
    assert ("language_code", 6, 0, True, None) == (
        language.column, language.normalised, language.nulled, language.is_frequent,
        language.equivalents,
    )  # fmt: skip
    without_texts = operations.report(harness.backend, "r1", texts=False).summary.changed_fields
    assert [("call_tone", [], None), ("language_code", [], None)] == [
        (each.column, each.examples, each.equivalents) for each in without_texts
    ]


def test_what_was_written_in_a_free_text_is_never_shown(
    make_harness: Callable[..., LocalHarness], tmp_path: Path
) -> None:
    """Nor in a text with a pattern, or with digits, or once alone: it may name a person."""
    properties = {
        "account": {"type": "STRING", "pattern": "^[0-9]+$"},
        "mood": {"type": "STRING", "enum": ["good", "bad"]},
    }

    def named(request: Any) -> Answer:
        number = int(str(request).split("My line ")[1].split(" ")[0])
        mood = ("Mrs Miller 5", "fair", "fair", f"once {'abcdef'[number]}")[number % 4]
        return Answer(
            text=json.dumps({"verdict": "A call.", "account": "Mrs Miller", "mood": mood})
        )

    harness = make_harness(answerer=named)
    add_analysis(harness.backend, str(folder_of(tmp_path, properties)))
    harness.load(calls(6))
    harness.analyse(analysis=NAME)

    fields = operations.report(harness.backend, "r1").summary.changed_fields

    assert {"account": [], "mood": ["fair"]} == {f.column: f.examples for f in fields}


def test_an_output_that_holds_every_line_twice_gives_each_row_once(
    harness: LocalHarness, tmp_path: Path
) -> None:
    """Byte for byte the same, as after a retry of the service that wrote it."""
    bucket = harness.backend.bucket
    read = bucket.read
    doubled = set[str]()

    def read_twice(blob: Any) -> Any:
        if blob.uri.endswith("predictions.jsonl"):
            doubled.add(blob.uri)
            content = b"".join(read(blob))
            return iter([content.rstrip(b"\n") + b"\n" + content])
        return read(blob)

    replace_method(bucket, "read", read_twice)
    harness.load(calls(20))

    totals = harness.totals()

    assert doubled
    assert (20, 0, 0) == (totals["analysed"], totals["failed"], totals["open"])
    assert 20 == harness.one(ROWS)
    assert [] == harness.sql("SELECT * FROM error_tracking")
    assert {id_of(row) for row in calls(20)} == {
        row[0] for row in harness.sql("SELECT record_id FROM transcription_analyzed_transcripts")
    }


def test_a_field_for_which_answers_were_refused_is_named(
    make_harness: Callable[..., LocalHarness],
) -> None:
    """By its column, with the number of answers; nothing of what was written."""

    def wrong(_: Any) -> Answer:
        return Answer(text=json.dumps(ANSWER | {"callSummary": ["Mrs Miller"]}))

    harness = make_harness(answerer=wrong)
    harness.load(calls(2))
    harness.analyse(max_attempts=2, breaker=100)

    summary = operations.report(harness.backend, "r1").summary

    (field,) = summary.changed_fields
    assert ("call_summary", 4, [], None) == (
        field.column, field.refused, field.examples, field.equivalents,
    )  # fmt: skip
