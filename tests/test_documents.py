"""What is written in the documents is run, or generated and compared."""

import json
import re
import shlex
from pathlib import Path

from analysis import error_types_table
from tests.cli.command import Command
from tests.harness import calls
from troupe.cli.app import COMMANDS
from troupe.deployment import catalogue

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def shell_lines() -> list[str]:
    """Every command in a shell block of the README."""
    blocks = re.findall(r"```sh\n(.*?)```", README, re.S)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def test_every_troupe_command_of_the_readme_runs(tmp_path: Path) -> None:
    """In the order in which they stand there."""
    command = Command(tmp_path / "home")
    rows = "".join(json.dumps(row) + "\n" for row in calls(30))
    (tmp_path / "calls.jsonl").write_text(rows, encoding="utf-8")

    ran = [shlex.split(line)[1:] for line in shell_lines() if line.startswith("troupe ")]
    for words in ran:
        command(*words)

    assert len(ran) >= 7
    assert (tmp_path / "first.html").is_file()


def test_every_make_target_of_the_readme_exists() -> None:
    """They are run by whoever runs this."""
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)

    for line in shell_lines():
        if line.startswith("make "):
            assert line.split()[1] in targets


def test_every_command_is_documented() -> None:
    """The README's table lists what the command has, and nothing else."""
    listed = {name for panel in COMMANDS.values() for name in panel}

    assert listed == set(re.findall(r"^\| `troupe ([a-z-]+)", README, re.M))


def test_the_score_in_the_readme_is_the_score_of_the_code() -> None:
    """Renew it with `python -m troupe.deployment.catalogue`."""
    assert catalogue.diagram() in README


def test_the_catalogue_is_the_one_of_the_code() -> None:
    """Renew it with `make catalogue`."""
    assert catalogue.text() == (ROOT / "infra" / "catalogue.json").read_text(encoding="utf-8")


def test_the_errors_in_the_documents_are_those_of_the_code() -> None:
    """One table, in two places."""
    assert error_types_table().strip() in (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
