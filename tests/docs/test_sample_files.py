"""The example files are generated, and all of them can be loaded."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scripts.sample_files import CALLS, EXAMPLES, sample_calls, table_calls, texts
from tests.files import files_in
from tests.transcript_files.making import rows_of
from troupe.demo_data import generate
from troupe.transcript_files.formats import FORMATS

FILES = files_in(EXAMPLES / "files")
TABLES = ("calls.parquet", "calls.xlsx")


@pytest.mark.parametrize("name", texts())
def test_a_sample_file_is_the_generated_one(name: str) -> None:
    """Renew them with `python -m scripts.sample_files`."""
    assert texts()[name].encode() == (EXAMPLES / name).read_bytes()


def test_there_is_no_other_sample_file_and_one_for_every_service() -> None:
    """Each is written by the script."""
    written = {Path(name).name for name in texts()} - {"calls.jsonl"} | {*TABLES}

    assert written == {file.name for file in FILES}
    assert {f"{name}.json" for name in FORMATS} < written


def test_the_tables_hold_generated_calls() -> None:
    """Their bytes depend on the version of the library that wrote them."""
    found = [
        row for name in TABLES for row in rows_of(EXAMPLES / "files" / name, zone=ZoneInfo("UTC"))
    ]

    assert len(TABLES) * 2 == len(found)
    for row, call in zip(found, table_calls(), strict=True):
        assert (call["interactionId"], call["transcript"]) == (
            row["interactionId"], row["transcript"]
        )  # fmt: skip
        assert call["event_timestamp"][:19].replace("T", " ") == row["event_timestamp"][:19]


def test_the_sample_has_no_call_of_the_demo_and_none_without_text() -> None:
    """After the demo, all of it is new."""
    calls = sample_calls()
    demo = {row["interactionId"] for row in generate()}

    assert CALLS == len({row["interactionId"] for row in calls} - demo)
    assert all(len(row["transcript"]) > 200 for row in calls)


@pytest.mark.parametrize("file", [f for f in FILES if f.suffix != ".jsonl"], ids=lambda f: f.name)
def test_every_sample_file_of_transcripts_can_be_loaded(file: Path) -> None:
    """With the options that its recipe names."""
    mapped = ("interaction.number=interactionId",) if file.stem == "interactions" else ()

    rows = rows_of(file, *mapped, zone=ZoneInfo("UTC"))
    assert rows
    assert all(row["transcript"] for row in rows)
