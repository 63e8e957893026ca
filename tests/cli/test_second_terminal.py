"""Commands in a second terminal while a worker owns the state folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import Command


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    """A folder that a worker owns."""
    made = Command(tmp_path / "home")
    made.load(30)
    worker = made.start("work", "--idle-timeout", "120")
    yield made
    worker.terminate()
    # 0 when it has closed its tables in the two seconds that a signal leaves it.
    assert worker.wait(timeout=60) in (0, 143)


def test_request_status_verify_and_cancel_beside_a_running_worker(command: Command) -> None:
    """The worker answers for them: two processes, one state folder."""
    assert "requested run r1" in command("request", "--run-id", "r1", "--canary", "5")
    assert "completed" in command("status", "r1", "--watch", "--every", "0.2")
    totals = command.json("verify", "r1")
    assert (30, True) == (totals["analysed"], totals["ok"])
    assert "completed already" in command("cancel", "r1")
    assert "a worker is running in" in command("work", code=1)
