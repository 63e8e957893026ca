"""Harness of the command line, on real files."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager, nullcontext
from functools import cache
from pathlib import Path
from shutil import copy, copytree
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import duckdb
from typer.testing import CliRunner

from tests.attached import AttachedReadFile, KeptFile
from tests.harness import calls, new_warehouse
from troupe.backends.local import warehouse
from troupe.cli.app import app

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "NO_COLOR": "1"}
TROUPE = [sys.executable, "-c", "from troupe.cli import main; main()"]


@contextmanager
def for_few_rows() -> Iterator[None]:
    """Open tables in a DuckDB that runs already, and without an optimiser: both take longer than a query."""
    settings = {"threads": 1, "enable_optimizer": False}
    with (
        patch.dict(warehouse.SETTINGS, settings),
        patch.object(warehouse, "connect", KeptFile),
        patch.object(warehouse, "ReadFile", AttachedReadFile),
    ):
        yield


def run_here(
    words: Sequence[str], *, piped: bool = False, as_for_users: bool = False
) -> tuple[int, str]:
    """Run the command `troupe` in this process; return its exit code and what it printed.

    With `piped` that is the standard output alone; `as_for_users` also optimises queries.

    A process of its own takes ten times as long: it imports the program and translates the SQL.
    """
    with nullcontext() if as_for_users else for_few_rows():
        done = CliRunner().invoke(app, list(words))
    # The command adds its log file, as if its process ended with it.
    log = logging.getLogger("troupe")
    for handler in list(log.handlers):
        log.removeHandler(handler)
        handler.close()
    log.propagate = True
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout if piped else done.output


class Command:
    """The command `troupe` on one state folder."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def __call__(self, *words: str, code: int = 0, piped: bool = False) -> str:
        """Run the command; return what it printed. It must end with this code."""
        with chdir(self.home.parent):
            ended_with, output = run_here([*words, "--home", str(self.home)], piped=piped)
        assert code == ended_with, output
        return output

    def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self(*words, "--json", code=code, piped=True))

    def copy(self, home: Path) -> "Command":
        """Return the command on a copy of the folder: quicker than to run everything again."""
        return Command(Path(copytree(self.home, home)))

    def start(self, *words: str) -> "subprocess.Popen[bytes]":
        """Start the command in a process of its own, and return that."""
        return subprocess.Popen(
            [*TROUPE, *words, "--home", str(self.home)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT,
            cwd=self.home.parent,
        )  # fmt: skip

    def load(self, count: int) -> None:
        """Load so many calls; a new folder begins with a copy of the tables, as a harness does."""
        if not self.home.exists():
            self.home.mkdir(0o700)
            copy(new_warehouse(), self.home / "warehouse.duckdb")
        file = self.home.parent / f"calls-{count}.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in calls(count)), encoding="utf-8")
        self("load", str(file))

    def tables(self) -> list[list[tuple[Any, ...]]]:
        """Return the rows of all tables that the runs wrote, without times."""
        with duckdb.connect(str(self.home / "warehouse.duckdb"), read_only=True) as db:
            return [db.execute(query).fetchall() for query in _TABLES]


def finished(home: Path) -> Command:
    """Return the command on a folder in which run r1 over four calls of two persons is over.

    It is made once in a process, and copied.
    """
    return _made().copy(home)


@cache
def _made() -> Command:
    command = Command(Path(_FOLDER.name) / "home")
    command.load(4)
    command("request", "--run-id", "r1")
    command("work", "--idle-timeout", "0")
    return command


_FOLDER = TemporaryDirectory(prefix="troupe-commands-")
_TABLES = (
    "SELECT * EXCLUDE (analysed_at) FROM transcription_analyzed_transcripts ORDER BY ALL",
    "SELECT * EXCLUDE (processed_at) FROM processed_records ORDER BY ALL",
    "SELECT error_type, cause, record_id, batch, attempt FROM error_tracking ORDER BY ALL",
    (
        "SELECT batch, attempt, outcome, analysed, failed, released, open FROM attempt_closings "
        "ORDER BY ALL"
    ),
    "SELECT DISTINCT topic, run_id, batch, attempt FROM events ORDER BY ALL",
)
