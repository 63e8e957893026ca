"""Harness of the command line: each call is a process of its own, on real files."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb

from tests.harness import calls

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "NO_COLOR": "1"}
TROUPE = [sys.executable, "-c", "from troupe.cli import main; main()"]
PATIENCE_SECONDS = 240


class Command:
    """The command `troupe` on one state folder."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def __call__(self, *words: str, code: int = 0) -> str:
        """Run the command; return what it printed. It must end with this code."""
        done = subprocess.run(
            [*TROUPE, *words, "--home", str(self.home)],
            capture_output=True, text=True, env=ENVIRONMENT, timeout=PATIENCE_SECONDS,
            cwd=self.home.parent, check=False,
        )  # fmt: skip
        assert code == done.returncode, done.stdout + done.stderr
        return done.stdout + done.stderr

    def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self(*words, "--json", code=code))

    def start(self, *words: str) -> "subprocess.Popen[bytes]":
        """Start the command and return its process."""
        return subprocess.Popen(
            [*TROUPE, *words, "--home", str(self.home)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT,
            cwd=self.home.parent,
        )  # fmt: skip

    def load(self, count: int) -> None:
        file = self.home.parent / f"calls-{count}.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in calls(count)), encoding="utf-8")
        self("load", str(file))

    def tables(self) -> list[list[tuple[Any, ...]]]:
        """Return the rows of all tables that the runs wrote, without times."""
        with duckdb.connect(str(self.home / "warehouse.duckdb"), read_only=True) as db:
            return [db.execute(query).fetchall() for query in _TABLES]


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
