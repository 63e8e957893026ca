"""The command records: the search of the console, in a terminal."""

from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.console.client import Site
from tests.harness import LocalHarness, calls
from troupe.backends.local.backend import LocalSettings
from troupe.cli.target import Target
from troupe.console.client import call_existing
from troupe.standin.corrupt import Corruption

CORRUPTION = Corruption(share=0.8, seed=1)
SINCE = ("--since", "2026-03-01")
"""The day of the calls, long before the clock of the command."""


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """A finished run of 9 records, some of them without a row."""
    home = tmp_path_factory.mktemp("records") / "home"
    harness = LocalHarness(home, LocalSettings(corruption=CORRUPTION, deployment="d1"))
    harness.load(calls(9))
    harness.request("first", max_attempts=1)
    harness.play()
    harness.close()
    return Command(home)


def test_it_finds_what_the_page_finds(done: Command) -> None:
    """By the same fields; each record on a line of its own."""
    failed = done.json("records", "--run", "first", "--state", "failed")
    text = done("records", "--run", "first", "--state", "failed")
    with Site(Target(done.home), ask=call_existing) as site:
        page = site.browser().get("/records?run=first&state=failed").text

    ids = [each["record_id"] for each in failed["records"]]
    assert 0 < len(ids) < 9
    assert all(f"/records/{each}" in page for each in ids)
    assert text.startswith(f"{len(ids)} record")
    assert ids == [line.split()[0] for line in text.splitlines()[1:]]


def test_every_page_follows_on_the_one_before(done: Command) -> None:
    """The place is printed with the page; the counts are those of all."""
    seen, after = list[str](), list[str]()
    while True:
        page = done.json("records", *SINCE, "--limit", "4", *after)
        seen += [each["record_id"] for each in page["records"]]
        if not page["after"]:
            break
        assert f"--after {page['after']}" in done("records", *SINCE, "--limit", "4", *after)
        after = ["--after", page["after"]]

    assert 9 == len(seen) == len({*seen})


def test_a_closed_value_and_an_error_narrow_it(done: Command) -> None:
    """A value with its column; what nothing fits is no error."""
    rows = done.json("records", *SINCE, "--state", "analysed")["records"]
    tone = rows[0]["values"]["call_tone"]
    found = done.json("records", *SINCE, "--value", f"call_tone={tone}")["records"]
    failed = done.json("records", *SINCE, "--state", "failed")["records"]
    error = failed[0]["error_type"]

    assert [each for each in rows if each["values"]["call_tone"] == tone] == found
    assert (
        done.json("records", *SINCE, "--error", error)["counts"]
        == done.json("records", *SINCE, "--state", "failed")["counts"]
    )
    assert "No record fits this search." in done("records", "--error", "empty_transcript")
    assert "is given twice" in done("records", "--value", "a=1", "--value", "a=2", code=2)


def test_an_id_that_no_run_selected_is_named(tmp_path: Path) -> None:
    """From the source."""
    command = Command(tmp_path / "home")
    command.load(1)
    (row,) = command.json("records", "--id", "tok_000000")["unplanned"]

    assert f"{row}: in the source" in command("records", "--id", "tok_000000")
