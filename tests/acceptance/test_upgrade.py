"""An upgrade and a rollback in the middle of a run: two versions of the code on one state folder."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from tests.files import files_in
from tests.harness import calls

REPO = Path(__file__).parents[2]
BEFORE = "e357923bbee92689495d2f634934cc9b77727880"
"""The version before this one. A state folder of it is continued, and so may the code be."""
PACKAGES = ("events", "analysis", "tracking", "handlers", "troupe")
SETTINGS = ("--canary", "20", "--rows-per-batch", "20", "--concurrency", "2")
TROUPE = [sys.executable, "-c", "from troupe.cli import main; main()"]
STAGE = 12
"""Deliveries after which a worker is killed."""


@dataclass(frozen=True, slots=True)
class Version:
    """The command `troupe` of one version of the code, on one state folder."""

    code: Path
    home: Path

    def __call__(self, *words: str) -> str:
        done = subprocess.run(
            self._command(words), env=self._environment(), cwd=self.home.parent,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert 0 == done.returncode, f"{words} of {self.code}: {done.stdout}{done.stderr}"
        return done.stdout

    def totals(self, run_id: str) -> dict[str, Any]:
        """Return what this version's `verify` recounts."""
        names = ("planned", "analysed", "failed", "open", "lost", "doubled", "paid_twice")
        found = json.loads(self("verify", run_id, "--json"))
        return {name: found[name] for name in (*names, "ok", "completed")}

    def work_until_killed(self) -> int:
        """Start a worker, kill it after some deliveries, and return how many it made."""
        before = self._deliveries()
        worker = subprocess.Popen(
            self._command(("work", "--idle-timeout", "0")), env=self._environment(),
            cwd=self.home.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        while worker.poll() is None and self._deliveries() < before + STAGE:
            with suppress(subprocess.TimeoutExpired):
                worker.wait(0.02)
        worker.kill()
        worker.wait()
        return self._deliveries() - before

    def _deliveries(self) -> int:
        log = self.home / "log.jsonl"
        return log.read_bytes().count(b'"event": "delivered"') if log.exists() else 0

    def _command(self, words: Sequence[str]) -> list[str]:
        return [*TROUPE, *words, "--home", str(self.home)]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(self.code), "NO_COLOR": "1"}


@pytest.mark.slow
@pytest.mark.parametrize("other", ["before", "next"])
def test_an_upgrade_and_a_rollback_lose_nothing(tmp_path: Path, other: str) -> None:
    """Old and new code take turns at two runs, and are killed in between; every record has a row.

    Lost 0, doubled 0, paid twice 0, by the count of either version.
    """
    home = tmp_path / "home"
    trees: dict[str, Callable[[Path], Path]] = {"before": code_before, "next": code_after}
    another = Version(trees[other](tmp_path / "other"), home)
    here = Version(REPO, home)
    old, new = (another, here) if other == "before" else (here, another)
    old("load", str(transcripts(tmp_path / "first.jsonl", 300, 0)))
    old("request", "--run-id", "r1", *SETTINGS)

    stages = [old.work_until_killed(), new.work_until_killed()]
    old("load", str(transcripts(tmp_path / "second.jsonl", 100, 300)))
    old("request", "--run-id", "r2", *SETTINGS)
    stages += [old.work_until_killed(), new.work_until_killed(), old.work_until_killed()]
    assert not old.totals("r1")["completed"], "the run was over before the last version continued"
    new("work", "--idle-timeout", "0")

    assert min(stages) >= STAGE, f"a version was killed before it did anything: {stages}"
    done = {run_id: new.totals(run_id) for run_id in ("r1", "r2")}
    assert "no dead letters" in new("dead-letters", "list")
    old("work", "--idle-timeout", "0")  # commands that only read ask for this after a rollback
    assert done == {run_id: old.totals(run_id) for run_id in done}
    for run_id, records in (("r1", 300), ("r2", 100)):
        assert done[run_id] == {
            "planned": records, "analysed": records, "failed": 0, "open": 0,
            "lost": 0, "doubled": 0, "paid_twice": 0, "ok": True, "completed": True,
        }, run_id  # fmt: skip


def transcripts(file: Path, count: int, start: int) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in calls(count, start)))
    return file


def code_before(folder: Path) -> Path:
    """Unpack the packages of the version before; skip where the repository does not hold it."""
    folder.mkdir()
    archive = folder / "code.tar"
    done = subprocess.run(
        ["git", "archive", "--output", str(archive), BEFORE, *PACKAGES],
        cwd=REPO, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"this clone does not hold the version before, {BEFORE[:7]}: {done.stderr}")
    subprocess.run(["tar", "-xf", str(archive), "-C", str(folder)], check=True)
    return folder


def code_after(folder: Path) -> Path:
    """Copy the code, with what a later version may add: a nullable column a table, a field an event."""
    for package in PACKAGES:
        copytree(REPO / package, folder / package)
    added = {"name": "added_later", "type": "STRING", "mode": "NULLABLE", "description": "Later."}
    for file in files_in(folder, "tracking/schemas/*.json"):
        columns = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(columns, list) and file.stem not in (
            "staged_answers",
            "transcription_pass_2",
        ):
            file.write_text(json.dumps([*columns, added]), encoding="utf-8")
    events = folder / "events/events.py"
    text = events.read_text(encoding="utf-8")
    head = "class AttemptEvent(RunEvent, frozen=True, kw_only=True):\n"
    assert head in text
    events.write_text(
        text.replace(head, f'{head}    added_later: str = "later"\n'), encoding="utf-8"
    )
    return folder
