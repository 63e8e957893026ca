"""Each claim of docs/fidelity.md names the test that shows it, or the command that settles it."""

import re
import shlex
from pathlib import Path

import pytest

from tests.docs.cloud_programs import Refused, parse
from tests.docs.test_commands_run import options_of_commands
from tests.files import files_in

REPO = Path(__file__).parents[2]
TEXT = (REPO / "docs" / "fidelity.md").read_text(encoding="utf-8")
DOCTOR = "\n".join(each.read_text("utf-8") for each in files_in(REPO / "troupe/doctor", "*.py"))


def rows(title: str) -> list[tuple[str, str, str]]:
    """The rows of the table below a heading."""
    section = TEXT.partition(f"## {title}\n")[2].partition("\n## ")[0]
    found = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|$", section, re.M)
    return [row for row in found if row[1] not in ("state", "known so far")]


SHOWN = rows("Claims about Google Cloud")
OPEN = rows("Not tried on Google Cloud")


def test_both_tables_are_read() -> None:
    """An empty one would have no wrong row; no claim stands in both."""
    assert len(SHOWN) > 12
    assert len(OPEN) > 18
    assert not {row[0] for row in SHOWN} & {row[0] for row in OPEN}


@pytest.mark.parametrize("row", SHOWN, ids=lambda row: row[0][:40])
def test_a_claim_that_is_shown_names_what_it_was_shown_on_and_its_tests(
    row: tuple[str, str, str],
) -> None:
    """Files of tests that exist."""
    files = re.findall(r"`([^`]+)`", row[2])

    assert row[1].startswith(("test", "emulator", "Google's code"))
    assert files
    for file in files:
        assert re.fullmatch(r"tests/\w+/test_\w+\.py", file)
        assert (REPO / file).is_file(), file


@pytest.mark.parametrize("row", OPEN, ids=lambda row: row[0][:40])
def test_a_claim_that_is_open_names_what_settles_it(row: tuple[str, str, str]) -> None:
    """A command with its options, and a line that the doctor prints."""
    quoted = re.findall(r"`([^`]+)`", row[2])
    commands = [
        each for each in quoted if each.startswith(("troupe ", "gcloud ", "bq ", "terraform "))
    ]
    lines = [each for each in quoted if each not in commands and each != "push-refused"]

    assert re.match(r"documented|seen by others|inferred|unknown|measured", row[1])
    assert commands
    for command in commands:
        assert problem(command) == ""
    for line in lines:
        assert "doctor" in row[2]
        assert f'"{line}"' in DOCTOR, line


def problem(command: str) -> str:
    """Why a command is not one of the product, or not in the table of Google's; empty for one that is."""
    words = shlex.split(command)
    if words[0] != "troupe":
        try:
            parse(words)
        except Refused as refusal:
            return str(refusal)
        return ""
    left = [word for word in words[1:] if word not in ("--backend", "gcp")]
    known = options_of_commands()
    name = next((each for each in (" ".join(left[:2]), left[0]) if each in known), "")
    wrong = {word for word in left if word.startswith("--")} - known.get(name, set())
    return "" if name and not wrong else f"{command}: {name} {wrong}"


def test_a_command_that_does_not_exist_is_noticed() -> None:
    """By name or option."""
    for wrong in ("troupe --backend gcp settle", "troupe doctor --lve", "gcloud run jobs list"):
        assert problem(wrong)


def test_the_deployment_page_leads_to_what_was_not_tried() -> None:
    """One table, and no second list on that page."""
    page = (REPO / "docs" / "deploy.md").read_text(encoding="utf-8")

    assert "(fidelity.md#not-tried-on-google-cloud)" in page
    assert "What was not tried" not in page
