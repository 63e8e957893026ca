"""Help of every command, and options that may stand before or after the command."""

import subprocess
import sys
from importlib.metadata import version
from inspect import signature
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scripts.reference.json_output import OF_COMMANDS, OPERATION_OF
from tests.cli.command import ENVIRONMENT
from troupe.backends.local.backend import LocalBackend
from troupe.backends.local.operations import OPERATIONS
from troupe.cli.app import COMMANDS, app, commands
from troupe.cli.lazy import FOOTER, split_docstring

NAMES = [name for panel in COMMANDS.values() for name in panel]
LEAVES = [
    (*([name] if group.info.help else []), each.name or "", each)
    for name, group in commands()
    for each in group.registered_commands
]


def help_of(*words: str) -> str:
    done = CliRunner().invoke(app, [*words, "--help"], terminal_width=200)
    assert 0 == done.exit_code, done.output
    return done.output


def test_the_help_lists_every_command_with_its_purpose() -> None:
    """In the panels of the table of commands."""
    output = help_of()

    for panel, listed in COMMANDS.items():
        assert panel in output
        for name, (_, purpose) in listed.items():
            assert f"{name} " in output
            assert purpose.split(":")[0] in output


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: " ".join(leaf[:-1]))
def test_every_command_has_a_purpose_and_an_example_that_parses(leaf: tuple[object, ...]) -> None:
    """Each example is one of this very command."""
    *words, command = leaf
    text, examples = split_docstring(command.callback.__doc__)  # type: ignore[attr-defined] # typer's callbacks have no type
    output = help_of(*map(str, words))

    assert text.split("\n")[0].endswith((".", ":"))
    assert 1 <= len(examples) <= 3
    assert max(map(len, examples)) <= 76, "longer ones are wrapped on a terminal of 80 columns"
    assert any(" ".join(["troupe", *map(str, words)]) in example for example in examples)
    assert all(example in output for example in examples)
    assert FOOTER.split(":")[0] in " ".join(output.split())


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: " ".join(leaf[:-1]))
def test_every_command_prints_json_of_a_documented_type(leaf: tuple[object, ...]) -> None:
    """Of the operation with its name, or of its own."""
    *words, command = leaf
    name = " ".join(map(str, words))
    operation = OPERATION_OF.get(name, name.replace("-", "_"))

    assert "as_json" in signature(command.callback).parameters  # type: ignore[attr-defined] # as above
    assert name in OF_COMMANDS or operation in OPERATIONS


def test_help_has_a_short_name_for_every_command() -> None:
    """Also in a group; the version is printed without any command."""
    for words in (["-h"], ["status", "-h"], ["dead-letters", "-h"], ["dead-letters", "show", "-h"]):
        done = CliRunner().invoke(app, words)
        assert 0 == done.exit_code, done.output
        assert "Usage: " in done.output
    done = CliRunner().invoke(app, ["--version"])
    assert (0, f"troupe {version('troupe')}\n") == (done.exit_code, done.output)


def test_the_shell_completes_commands_and_options() -> None:
    """Those of a command that is imported for it, too."""
    for typed, completed in (("st", "status"), ("dead-letters re", "replay"), ("work --idle", "")):
        words = f"troupe {typed}"
        environment = {"_TROUPE_COMPLETE": "complete_bash", "COMP_WORDS": words}
        environment["COMP_CWORD"] = str(len(words.split()) - 1)
        done = CliRunner().invoke(app, [], prog_name="troupe", env=environment)
        assert (completed or "--idle-timeout") in done.output.split()


def test_the_help_imports_no_command() -> None:
    """Neither DuckDB nor sqlglot nor the report: it would take half a second."""
    code = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from troupe.cli.app import app\n"
        "assert 0 == CliRunner().invoke(app, ['--help']).exit_code\n"
        "heavy = {'duckdb', 'sqlglot', 'handlers', 'analysis', 'tracking'}\n"
        "print(sorted(heavy & {name.partition('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )

    assert "[]" == done.stdout.strip()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A state folder that no process owns."""
    LocalBackend(tmp_path / "home").close()
    return tmp_path / "home"


def test_options_of_every_command_stand_before_or_after_it(home: Path) -> None:
    """Also between a group and its command, and with an equals sign."""
    option, backend = ["--home", str(home)], ["--backend", "local"]

    for words in (
        [*option, "verify"],
        ["verify", *option],
        [*option, *backend, "verify"],
        ["verify", "--json", *backend, *option],
        ["verify", f"--home={home}", "--backend=local"],
        [*option, "dead-letters", "list"],
        ["dead-letters", *option, "list"],
        ["dead-letters", "list", *option, *backend],
    ):
        done = CliRunner().invoke(app, words)
        assert 0 == done.exit_code, (words, done.output)


def test_the_last_of_two_equal_options_is_taken(home: Path, tmp_path: Path) -> None:
    """As for every other option, and the environment is read without one."""
    none = tmp_path / "none"
    twice = ["--home", str(none), "verify", "--home", str(home)]

    assert 0 == CliRunner().invoke(app, twice).exit_code
    assert 0 == CliRunner().invoke(app, ["verify"], env={"TROUPE_HOME": str(home)}).exit_code
    assert 2 == CliRunner().invoke(app, ["verify"], env={"TROUPE_HOME": str(none)}).exit_code


def test_a_word_after_two_hyphens_is_no_option(home: Path) -> None:
    """An id may look like an option."""
    done = CliRunner().invoke(app, ["verify", "--home", str(home), "--", "--backend"])

    assert 2 == done.exit_code
    assert "run --backend is not planned here" in done.output
