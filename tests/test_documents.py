"""Commands in the documents are run; tables and diagrams in them are compared with the code."""

import re
import shlex
from pathlib import Path

import pytest

from events import topic_of
from handlers.choreography import CHOREOGRAPHY, SIGNALS, name_of
from scripts.reference.error_types import error_types_table
from tests.cli.command import Command
from troupe.cli.app import COMMANDS
from troupe.deployment import catalogue

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
LONGEST_README = 120
"""Lines: one screen of prose, and the source of the diagram."""


def shell_lines(text: str) -> list[str]:
    """Return every command in a shell block of a document."""
    blocks = re.findall(r"^ *```sh\n(.*?)```", text, re.S | re.M)
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]


def between(text: str, mark: str) -> str:
    """Return what a document has between `<!-- mark -->` and `<!-- /mark -->`."""
    return text.partition(f"<!-- {mark} -->\n")[2].partition(f"<!-- /{mark} -->")[0]


def test_every_troupe_command_of_the_readme_runs(tmp_path: Path) -> None:
    """In the order of the README."""
    command = Command(tmp_path / "home")
    (tmp_path / "docs").symlink_to(ROOT / "docs")

    ran = [shlex.split(line)[1:] for line in shell_lines(README) if line.startswith("troupe ")]
    for words in ran:
        command(*words)

    assert len(ran) >= 7
    assert (tmp_path / "first.html").is_file()


@pytest.mark.parametrize("text", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
def test_every_make_target_that_a_document_names_exists(text: str) -> None:
    """The targets themselves are run by the developer who runs this test."""
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    named = [line.split()[1] for line in shell_lines(text) if line.startswith("make ")]

    assert named
    assert set(named) <= set(targets)


def test_the_readme_fits_one_screen() -> None:
    """Details belong into docs/."""
    assert len(README.splitlines()) <= LONGEST_README


def test_every_command_is_documented() -> None:
    """The table of docs/index.md lists every command of the program, and nothing else."""
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    listed = {name for panel in COMMANDS.values() for name in panel}

    assert listed == set(re.findall(r"^\| `troupe ([a-z-]+)", index, re.M))


def test_the_event_flow_in_the_readme_is_the_one_of_the_code() -> None:
    """Print it with `python -c "from troupe.deployment.catalogue import diagram; …"`."""
    assert f"```mermaid\n{catalogue.diagram()}\n```\n" == between(README, "event flow")


def test_the_table_of_handlers_in_the_architecture_is_the_choreography() -> None:
    """Every event that has a handler, each with its own; signals from inside are in words."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+?) \| `([a-z-]+)` \|", between(text, "handlers"), re.M)
    listed = {
        (topic, handler) for topics, handler in rows for topic in topics.strip("`").split("`, `")
    }
    pairs = {(topic_of(kind), name_of(handler)) for kind, handler in CHOREOGRAPHY.items()}

    assert pairs == {pair for pair in listed if pair[0] in {topic for topic, _ in pairs}}
    assert {name_of(handler) for handler in (*CHOREOGRAPHY.values(), *SIGNALS.values())} == {
        handler for _, handler in listed
    }


def test_every_file_of_the_map_exists() -> None:
    """The map of CONTRIBUTING.md answers two dozen questions of the form "where is …?"."""
    files = re.findall(r"^\| .+ \| `([^`]+)` \|$", between(CONTRIBUTING, "map"), re.M)

    assert len(files) >= 24
    assert [] == [file for file in files if not (ROOT / file).exists()]


def test_the_errors_in_the_documents_are_those_of_the_code() -> None:
    """docs/errors.md holds the table that `error_types_table` prints."""
    assert error_types_table().strip() in (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
