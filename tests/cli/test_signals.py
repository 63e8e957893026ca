"""Ctrl-C and SIGTERM end every command with 130 and 143, also in a query, without a traceback."""

import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.cli.command import ENVIRONMENT, Command
from troupe import interrupts
from troupe.interrupts import Interrupted, interruptible, raise_on_signals

LONG = "CREATE TEMP TABLE long AS SELECT * FROM range(2000000000) ORDER BY hash(range)"
"""A query of minutes, in which DuckDB drops the exception of a signal handler."""
SLOW_WAREHOUSE = f"""
from threading import Thread
from troupe.backends.local.warehouse import LocalWarehouse
from troupe.cli import main
def {{method}}(self, *_, **__):
    Thread(target=print, args=("ready",), kwargs={{{{"flush": True}}}}).start()
    self.db.execute({LONG!r})
LocalWarehouse.{{method}} = {{method}}
main()
"""
SIMULATING = """
import os, signal
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from troupe.interrupts import run_command
from troupe.simulation.report import end_with_parent
def simulate():
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=end_with_parent) as pool:
        pool.submit(os.getpid).result()
        pool.submit(signal.pause)
        print("ready", flush=True)
run_command(simulate)
"""
OBSTINATE = """
import threading
from troupe import interrupts
from troupe.interrupts import run_command
interrupts.GRACE_SECONDS = interrupts.END_SECONDS = 0.1
def ignore():
    while True:
        try:
            print("ready", flush=True)
            threading.Event().wait()
        except BaseException:
            pass
run_command(ignore)
"""


def ended_by(number: signal.Signals, program: str, *words: str) -> tuple[int, str]:
    """Send a signal once the program is ready; return its exit code and its errors."""
    with subprocess.Popen(
        [sys.executable, "-c", program, *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT,
    ) as process:  # fmt: skip
        assert process.stdout
        assert "ready\n" == process.stdout.readline()
        process.send_signal(number)
        try:
            _, errors = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            return 0, "still running"
    return process.returncode, errors


@pytest.mark.parametrize(
    ("number", "code", "method", "words"),
    [
        (signal.SIGINT, 130, "query", ("status",)),
        (signal.SIGTERM, 143, "query", ("verify",)),
        (signal.SIGINT, 130, "run_once", ("work", "--idle-timeout", "0")),
    ],
)
def test_a_signal_in_a_query_ends_the_command(
    tmp_path: Path, number: signal.Signals, code: int, method: str, words: tuple[str, ...]
) -> None:
    """A command that reads, and a worker whose step takes too long."""
    command = Command(tmp_path / "home")
    command.load(1)
    program = SLOW_WAREHOUSE.format(method=method)

    ended = ended_by(number, program, *words, "--home", str(command.home))

    assert (code, "") == ended


def test_a_command_that_ignores_a_signal_is_ended_by_the_deadline() -> None:
    """A name server that does not answer keeps Python from calling the handler."""
    assert (130, "") == ended_by(signal.SIGINT, OBSTINATE)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_the_processes_of_a_simulation_end_with_it(number: signal.Signals, code: int) -> None:
    """They hold its output open, so that the end of the output shows their end."""
    ended_with, _ = ended_by(number, SIMULATING)

    assert code == ended_with


def test_a_handler_interrupts_the_query_and_raises() -> None:
    """And the earlier handler is restored."""
    before = signal.getsignal(signal.SIGINT)
    interrupted = []

    class Connection:
        def interrupt(self) -> None:
            interrupted.append(True)

    connection = interruptible(Connection())
    with raise_on_signals() as received, pytest.raises(Interrupted):
        signal.raise_signal(signal.SIGINT)

    assert [True] == interrupted
    assert [signal.SIGINT] == received
    assert before is signal.getsignal(signal.SIGINT)
    del connection


def test_a_closed_connection_is_not_interrupted() -> None:
    """It does not keep the others from it."""
    connection = interruptible(duckdb.connect())
    connection.close()

    interrupts.interrupt_queries()


def test_an_error_of_a_command_is_shown_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a signal hides an exception."""
    monkeypatch.setattr(interrupts, "_start_deadline", lambda: None)

    def fail() -> None:
        raise ValueError("a fault of the program")

    with pytest.raises(ValueError, match="a fault"):
        interrupts.run_command(fail)
