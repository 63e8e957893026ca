"""The command `load`: what it prints, what it reads, and what it refuses."""

import gzip
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.cli.command import Command
from tests.harness import calls
from troupe.cli.app import app

CSV = "Call ID;Text;Agent\n1;CUSTOMER: My line is dead.;A\n2;CUSTOMER: Thanks.;B\n"


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path / "home")


def lines(count: int, start: int = 0) -> str:
    return "".join(json.dumps(row) + "\n" for row in calls(count, start))


def test_what_was_understood_is_printed(command: Command, tmp_path: Path) -> None:
    """Names that differ from ours, names that are not used, and what is missing."""
    (tmp_path / "calls.csv").write_text(CSV)

    output = command("load", "calls.csv")

    assert output.splitlines() == [
        "calls.csv: interactionId from Call ID, transcript from Text",
        "calls.csv: further columns: Agent (text)",
        "calls.csv: no phone_number_token, by which `troupe forget` finds a person",
        (
            "calls.csv: no event_timestamp: time filters leave these calls out, and an incremental run"
            " looks at all of them each time; --map COLUMN=event_timestamp names a column with the time"
        ),
        "loaded 2 rows",
    ]
    assert "its 2 rows are there already" in command("load", "calls.csv")


def test_a_dry_run_shows_three_rows_and_loads_nothing(command: Command, tmp_path: Path) -> None:
    """It needs no state folder. Long texts are shortened."""
    rows = [row | {"transcript": "My line is dead. " * 9} for row in calls(5)]
    (tmp_path / "calls.json").write_text(json.dumps(rows))

    output = command("load", "calls.json", "--dry-run")

    assert "calls.json: JSON, 5 rows" in output
    assert "  transcript         from transcript" in output
    assert "first rows, with text of the transcripts:" in output
    assert 3 == output.count('"My line is dead. My line is dead. My line is dead. My line i…"')
    assert output.endswith("nothing was loaded; 5 rows can be\n")
    assert not command.home.exists()


def test_files_patterns_and_folders_are_loaded_together(command: Command, tmp_path: Path) -> None:
    """Rows that were loaded before are not loaded again, in whatever file they come."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.jsonl").write_text(lines(2))
    (folder / "b.json.gz").write_bytes(gzip.compress(json.dumps(calls(3, 2)).encode()))
    (folder / "README").write_text("not a file of transcripts")
    (tmp_path / "c.jsonl").write_text(lines(1, 5))

    assert "loaded 2 rows" in command("load", "in/*.jsonl")
    output = command("load", "in", "c.jsonl")

    assert "left out in/README" in output
    assert "loaded 4 rows of 3 files" in output
    assert "2 rows of 1 file are there already: they were loaded before" in output


def test_one_bad_file_of_several_keeps_all_from_being_loaded(
    command: Command, tmp_path: Path
) -> None:
    """The error names it and the line."""
    (tmp_path / "a.jsonl").write_text(lines(2))
    (tmp_path / "b.jsonl").write_text(lines(2, 2) + "{oops\n")

    output = command("load", "a.jsonl", "b.jsonl", code=2)

    assert f"troupe: {tmp_path / 'b.jsonl'}, line 3: JSON is malformed" in output
    assert "loaded 2 rows\n" == command("load", "a.jsonl")


def test_standard_input_is_read(command: Command) -> None:
    """Of any kind; errors call it `-`."""
    home = ["--home", str(command.home)]

    done = CliRunner().invoke(app, ["load", "-", *home], input=CSV.encode())
    assert "standard input: further columns: Agent (text)" in done.output
    assert "loaded 2 rows" in done.output
    bad = CliRunner().invoke(app, ["load", "-", *home], input=b"id,text\n1\n")
    assert (2, "troupe: -, line 2: 1 cells, and the header has 2; nothing was loaded\n") == (
        bad.exit_code,
        bad.output,
    )


def test_json_has_the_same_for_a_script(command: Command, tmp_path: Path) -> None:
    """With each file; a dry run adds the first rows."""
    (tmp_path / "calls.csv").write_text(CSV)

    preview = command.json("load", "calls.csv", "--dry-run")
    loaded = command.json("load", "calls.csv")

    assert (2, 0, 2) == (preview["rows"], preview["added"], len(preview["sample"]))
    assert (2, 2, []) == (loaded["rows"], loaded["added"], loaded["sample"])
    (file,) = loaded["files"]
    assert {"interactionId": "Call ID", "transcript": "Text"} == file["columns"]
    assert ("CSV", ["columns"], []) == (file["kind"], file["formats"], file["unused_columns"])
    assert [{"name": "Agent", "type": "text", "source": "Agent"}] == file["further_columns"]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--timezone", "Berlin"), "invalid --timezone 'Berlin': use a name such as Europe/Berlin"),
        (("--timezone", "../x"), "invalid --timezone '../x': use a name such as Europe/Berlin"),
        (("--format", "csv"), "invalid --format 'csv': use one of columns, ccai-insights"),
        (("--map", "Text"), "invalid --map 'Text': use COLUMN=OURS"),
        (
            ("--map", "Txt=transcript"),
            "--map Txt=transcript: there is no Txt; it has Call ID, Text",
        ),
    ],
)
@pytest.mark.parametrize("more", [(), ("--dry-run",)], ids=["load", "dry-run"])
def test_an_error_names_the_option_that_was_typed(
    command: Command, tmp_path: Path, words: tuple[str, ...], problem: str, more: tuple[str, ...]
) -> None:
    """In one line."""
    (tmp_path / "calls.csv").write_text(CSV)

    output = command("load", "calls.csv", *words, *more, code=2)

    assert problem in output
    assert 1 == len(output.splitlines())


def test_a_file_without_rows_is_said_to_have_none(command: Command, tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("")

    assert "no rows in empty.jsonl\n" == command("load", "empty.jsonl")


def test_conversations_that_take_their_id_from_the_file_say_so(
    command: Command, tmp_path: Path
) -> None:
    """And two files of one name in different folders are refused."""
    whisper = json.dumps({"segments": [{"start": 0, "end": 1, "text": "Hello"}]})
    for folder in ("monday", "tuesday"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "call-1.json").write_text(whisper)

    output = command("load", "monday/call-1.json", "--dry-run")
    assert "it is Whisper" in output
    assert "interactionId is the name of the file" in output
    refused = command("load", "monday", "tuesday", code=2)
    assert "tuesday/call-1.json: its conversation would have the id of" in refused
    assert "--map PROPERTY=interactionId; nothing was loaded" in refused
