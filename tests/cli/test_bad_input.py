"""No mistake shows a traceback; each is named, and ends with a code of the table."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.bad_input import MISTAKES, PAGE, message_of, page, prepared
from troupe.cli.app import COMMANDS
from troupe.exit_codes import ExitCode

ALL = [mistake for mistakes in MISTAKES.values() for mistake in mistakes]
EXIT_CODES = PAGE.with_name("exit-codes.md")


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The folder in which all mistakes are made."""
    with prepared(tmp_path_factory.mktemp("mistakes")):
        yield


def test_no_mistake_shows_a_traceback() -> None:
    """What is said about each is on its page; renew it with `python -m tests.cli.bad_input`."""
    said = {}
    wrong = []
    for mistake in ALL:
        code, message, exception = message_of(mistake)
        said[mistake] = code, message
        fits = code == mistake.code and mistake.says in message
        if not fits or not isinstance(exception, SystemExit) or "Traceback" in message:
            wrong.append(f"{mistake.command}: {code} {message} {exception!r}")

    assert [] == wrong
    assert PAGE.read_text(encoding="utf-8") == page(said)


def test_every_command_has_a_mistake() -> None:
    """At least fifty kinds, with codes of the table."""
    named = {mistake.words[0] for mistake in ALL}

    assert {name for panel in COMMANDS.values() for name in panel} <= named | {
        "choreography", "doctor", "forget"
    }  # fmt: skip
    assert len(ALL) >= 50
    assert {mistake.code for mistake in ALL} <= {*ExitCode} - {ExitCode.OK}


def test_the_table_of_exit_codes_is_the_one_of_the_code() -> None:
    """Each with its name."""
    listed = re.findall(r"^\| (\d+) \| `(\w+)` \|", EXIT_CODES.read_text(encoding="utf-8"), re.M)

    assert [(str(int(code)), code.name) for code in ExitCode] == listed


def test_commands_that_failed_leave_nothing_behind() -> None:
    """No state folder where none was, and nothing of a load that ran out of space."""
    assert not Path("none").exists()
    assert ["one.txt"] == [file.name for file in Path("photos").iterdir()]
    assert [] == list(Path("new").glob("load-*"))
