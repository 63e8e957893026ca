"""`troupe forget` and `troupe clear-history` show what they delete, and ask before they do it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.cli.command import Command, finished
from troupe.cli.app import app

PERSON = "tok_000000"
"""The caller of the first two transcripts."""


@pytest.fixture
def done(tmp_path: Path) -> Command:
    return finished(tmp_path / "home")


def answered(command: Command, answer: str, *words: str) -> tuple[int, str]:
    """Run a command that asks, and answer it; return its exit code and output."""
    ran = CliRunner().invoke(app, [*words, "--home", str(command.home)], input=f"{answer}\n")
    return ran.exit_code, ran.output


def stored(command: Command) -> int:
    return len(command.tables()[0])


def test_a_dry_run_counts_and_deletes_nothing(done: Command) -> None:
    """It does not ask either."""
    output = done("forget", "--phone-token", PERSON, "--dry-run")

    assert "would delete 2 analysed rows, 2 processed records, 2 batch members" in output
    assert 4 == stored(done)


def test_a_person_is_deleted_after_a_yes(done: Command) -> None:
    """What is left in files and in the source is named."""
    refused = answered(done, "n", "forget", "--phone-token", PERSON)
    assert 4 == stored(done)
    agreed = answered(done, "y", "forget", "--phone-token", PERSON)

    assert (1, 0) == (refused[0], agreed[0])
    assert "Delete 2 analysed rows" in refused[1]
    assert "deleted 2 analysed rows" in agreed[1]
    assert "2 rows stay in the source table" in agreed[1]
    assert "these files may contain the person until their retention ends:\n  " in agreed[1]
    assert 2 == stored(done)


def test_a_script_says_yes_and_reads_json(done: Command) -> None:
    """Nothing is left to delete the second time."""
    first = done.json("forget", "--phone-token", PERSON, "--yes")
    second = done.json("forget", "--phone-token", PERSON, "--yes")

    assert (2, 2) == (first["output_rows"], first["source_rows"])
    assert 0 == second["output_rows"]
    assert 2 == stored(done)


def test_a_run_is_cleared_after_a_yes(done: Command) -> None:
    """Another answer leaves its rows."""
    words = ("clear-history", "--run", "r1", "--reason", "a test")
    refused = answered(done, "n", *words)
    assert 4 == stored(done)
    agreed = answered(done, "y", *words)

    assert (1, 0) == (refused[0], agreed[0])
    assert "of run r1? This cannot be undone." in refused[1]
    assert 0 == stored(done)
