"""Commands that read write nothing: neither in a state folder, nor where none is."""

import shutil
from pathlib import Path

import duckdb
import pytest

from tests.cli.command import Command, run_here
from tests.files import files_in
from tests.harness import calls, id_of
from troupe.backends.local.backend import LocalBackend
from troupe.backends.local.reading import ReadingBackend
from troupe.backends.local.state_folder import HomeInUse
from troupe.operations.backend import InvalidOperation
from troupe.operations.registry import OPERATIONS, only_reads

READING = (
    "status", "status first", "status first --watch", "verify", "verify first", "report first",
    "costs", "records", "records --run first --state analysed", "explain first", "explain first/1", f"explain {id_of(calls(1)[0])}", "dead-letters",
    "dead-letters list", "dead-letters replay --dry-run", "request --dry-run",
    "reprocess --run first --dry-run", "reread first --dry-run",
    "clear-history --run first --dry-run", "forget --phone-token t --dry-run", "analysis list",
)  # fmt: skip


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """A folder with a finished run."""
    command = Command(tmp_path_factory.mktemp("reading") / "home")
    command.load(3)
    command("request", "--run-id", "first")
    command("work", "--idle-timeout", "0")
    return command


def state_of(folder: Path) -> dict[Path, tuple[int, int]]:
    """Return size and time of each file and folder."""
    files = files_in(folder)
    paths = {folder, *files, *(file.parent for file in files)}
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in paths}


@pytest.mark.parametrize("words", READING)
def test_a_reading_command_changes_nothing(done: Command, words: str) -> None:
    """No file, no time, no lock."""
    before = state_of(done.home)

    done(*words.split())

    assert before == state_of(done.home)


def test_a_copy_of_the_database_alone_can_be_read(done: Command, tmp_path: Path) -> None:
    """Also one that was not closed: its log of changes is beside it."""
    home = tmp_path / "copy"
    home.mkdir()
    for file in files_in(done.home, "warehouse.duckdb*"):
        shutil.copy(file, home)

    assert "the totals balance" in Command(home)("verify")
    assert {"warehouse.duckdb"} == {each.name for each in home.iterdir()}


@pytest.mark.parametrize("words", READING)
def test_a_reading_command_makes_no_state_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    """It names the command that makes one; `analysis list` lists what is shipped."""
    monkeypatch.chdir(tmp_path)

    code, output = run_here(words.split())

    assert (0 if words == "analysis list" else 2) == code, output
    assert [] == list(tmp_path.iterdir())


def test_who_reads_cannot_publish_and_keeps_writers_out(done: Command) -> None:
    """A writer waits for the reader, and a reader for a writer."""
    reader = ReadingBackend(done.home)
    try:
        with pytest.raises(HomeInUse):
            LocalBackend(done.home)
        with pytest.raises(InvalidOperation, match="only reads"):
            reader.bus.send("run-requested", b"{}", {})
        with pytest.raises(duckdb.Error, match="read-only"):
            reader.warehouse.db.execute("DELETE FROM run_plans")
    finally:
        reader.close()
    owner = LocalBackend(done.home)
    try:
        with pytest.raises(HomeInUse):
            ReadingBackend(done.home)
    finally:
        owner.close()


def test_a_call_that_changes_something_is_no_reading() -> None:
    """Unless its arguments make it a preview."""
    assert {name for name in OPERATIONS if only_reads(name, {})} == {
        "status", "list_runs", "verify", "report", "costs", "compare", "drift", "explain", "list_dead_letters", "show_letter",
        "letter_results", "clear_history", "forget", "notify", "sample_source", "list_golden", "check_golden", "review_sample",
        "list_reviews", "show_review", "review_labels", "list_analyses", "show_analysis", "answers", "find_records",
        "record_details", "cost_overview",
    }  # fmt: skip
    assert only_reads("request", {"dry_run": True})
    assert only_reads("add_golden", {"dry_run": True})
    assert not only_reads("forget", {"sure": True})
    assert not only_reads("clear_history", {"sure": True})
