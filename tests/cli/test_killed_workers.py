"""A worker that is killed loses nothing: the next one continues."""

import subprocess
from pathlib import Path
from random import Random

import pytest

from tests.cli.command import Command

KILLS = 20
REQUEST = ("--run-id", "r1", "--canary", "20", "--rows-per-batch", "40", "--concurrency", "2")


@pytest.mark.slow
def test_kills_end_with_the_tables_of_an_undisturbed_run(tmp_path: Path) -> None:
    """SIGKILL at random moments, each followed by another worker: all rows are the same."""

    (tmp_path / "calm").mkdir()
    (tmp_path / "killed").mkdir()
    calm, killed = Command(tmp_path / "calm" / "home"), Command(tmp_path / "killed" / "home")
    for command in (calm, killed):
        command.load(400)
        command("request", *REQUEST)
    calm("work", "--idle-timeout", "0")

    chance = Random(20)
    survivors = 0
    for _ in range(KILLS):
        worker = killed.start("work", "--idle-timeout", "0")
        try:
            worker.wait(timeout=chance.uniform(0.35, 1.6))
            survivors += 1
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
    killed("work", "--idle-timeout", "0")

    totals = killed.json("verify", "r1")
    assert totals["ok"]
    assert (400, 0, 0, 0) == tuple(totals[n] for n in ("analysed", "lost", "doubled", "paid_twice"))
    assert calm.tables() == killed.tables()
    assert survivors < KILLS, "every worker ended before it was killed: the test shows nothing"
