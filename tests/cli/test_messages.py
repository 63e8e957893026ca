"""Output about cost, missing folders, and workers that a signal ended."""

import signal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from tests.cli.command import Command
from troupe.backends.local.backend import LocalBackend
from troupe.backends.local.control_server import ControlServer
from troupe.cli import run
from troupe.cli.app import app
from troupe.operations.reprocess import ReprocessResult


def output_of(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, list(words))
    assert code == done.exit_code, done.output
    return done.output


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        ({"cost": [0.00087, 0.0042]}, "1 record in 1 batch, 3 to 7 tokens, cost $0.00087 to $0."),
        ({"cost": [None, None]}, "1 record in 1 batch, 3 to 7 tokens, cost unknown"),
        ({"known": True}, "run again was requested before; nothing changes"),
    ],
)
def test_reprocess_prints_its_size_and_its_cost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any], line: str
) -> None:
    """Also a very small cost; an unknown one is a word."""
    default = {
        "records": 1, "batches": 1, "left_out": {}, "cost": [0.1, 0.2], "known": False,
        "input_tokens": [1, 3], "output_tokens": [2, 4], "run_id": "again",
        "basis": {"input": "sampled", "output": "assumed", "samples": 1},
    }  # fmt: skip
    result = msgspec.convert(default | answer, ReprocessResult)
    monkeypatch.setattr(run, "try_call", lambda *_, **__: result)

    assert line in output_of("reprocess", "--run", "first", "--home", str(tmp_path))


@pytest.mark.parametrize(
    "words", [("list",), ("show", "x"), ("replay",), ("discard", "x", "--reason", "y"), ()]
)
def test_dead_letters_need_a_state_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """The error names the folder, and none is created."""
    monkeypatch.chdir(tmp_path)

    assert "there is no state folder .troupe" in output_of("dead-letters", *words, code=2)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_worker_that_is_ended_before_its_runs_says_which_are_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, code: int
) -> None:
    """And which command continues; a script reads the exit code."""
    command = Command(tmp_path / "home")
    command.load(3)
    home = ("--home", str(command.home))
    output_of("request", "--run-id", "r1", *home)

    with monkeypatch.context() as patched:
        patched.setattr(ControlServer, "answer", lambda *_: signal.raise_signal(number))
        output = output_of("work", "--idle-timeout", "0", *home, code=code)

    assert "ended with 1 run open: r1; `troupe work` continues" in output
    assert "done" not in output
    assert output_of("work", "--idle-timeout", "0", *home).endswith("done\n")


def test_a_worker_that_is_ended_with_nothing_left_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal while it waits for requests interrupts no run."""
    LocalBackend(tmp_path / "home").close()
    monkeypatch.setattr(ControlServer, "answer", lambda *_: signal.raise_signal(signal.SIGTERM))

    assert "done\n" == output_of("work", "--home", str(tmp_path / "home"))
