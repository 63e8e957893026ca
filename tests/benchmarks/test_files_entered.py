"""How many project files one delivery enters, which is what a reader has to open to follow it."""

import pytest

from handlers.choreography import CHOREOGRAPHY, SIGNALS, name_of
from scripts.files_entered import Entries, main, measure


@pytest.fixture(scope="module")
def entries() -> dict[str, Entries]:
    return measure()


def test_every_handler_is_measured(entries: dict[str, Entries]) -> None:
    """Each delivery begins with the delivery loop, and enters its handler's file."""
    names = {name_of(handler) for handler in (*CHOREOGRAPHY.values(), *SIGNALS.values())}

    assert names == entries.keys()
    for name, each in entries.items():
        assert "handlers/dispatch/deliver.py" == each.files[0]
        assert f"handlers/{name.replace('-', '_')}.py" in each.files


def test_settling_a_batch_enters_few_files(entries: dict[str, Entries]) -> None:
    """The goal for a pure handler is 14."""
    assert len(entries["settle-batch"].files) <= 14


def test_processing_results_enters_at_most_thirty_files(entries: dict[str, Entries]) -> None:
    """The goal for the largest handler."""
    assert len(entries["process-results"].files) <= 30


def test_the_script_prints_a_row_for_each_handler(
    entries: dict[str, Entries], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a Markdown table; with `--list` the files of one handler."""
    monkeypatch.setattr("scripts.files_entered.measure", lambda: entries)

    assert 0 == main([])
    table = capsys.readouterr().out.splitlines()
    assert 0 == main(["--list", "settle-batch"])
    files = capsys.readouterr().out.splitlines()

    assert [f"| `{name}` " for name in entries] == [row[: row.index("|", 1)] for row in table[2:]]
    assert entries["settle-batch"].files == files
