"""Recover a run that is broken in four ways, with the commands alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from handlers.ports import Job, JobState
from tests.faults import fail_writes
from tests.harness import LocalHarness, calls, id_of
from troupe.backends.local.operations import OPERATIONS
from troupe.cli import client
from troupe.cli.app import app
from troupe.standin.corrupt import Corruption, Kind
from troupe.standin.settings import Behaviour, End

Command = Callable[..., str]

OF_BATCH_4 = "__4__"
STUCK, WITHOUT_OUTPUT = "__2__1", "__3__1"
"""Attempts whose job never ends, and whose job ends without a file."""


def end_of(job: Job) -> End:
    """Return how the stand-in ends a job."""
    attempt = job.labels["attempt"]
    if attempt.endswith(STUCK):
        return End(state=JobState.RUNNING)
    return End(share=0) if attempt.endswith(WITHOUT_OUTPUT) else End()


@pytest.fixture
def broken(make_harness: Callable[..., LocalHarness]) -> LocalHarness:
    """Two calls that a filter blocks, a job that hangs, one that ends without output."""
    rows = calls(40)
    blocked = frozenset(f"k-{id_of(row)}" for row in rows[:2])
    harness = make_harness(
        behaviour=Behaviour(end=end_of, running_seconds=600),
        corruption=Corruption(share=0, poison=blocked, poison_kind=Kind.BLOCKED),
    )
    harness.load(rows)
    return harness


@pytest.fixture
def troupe(broken: LocalHarness, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command `troupe`, answered by the broken backend instead of a control server."""

    def answered(_home: Path, operation: str, arguments: dict[str, Any]) -> Any:
        return OPERATIONS[operation](broken.backend, **arguments)

    monkeypatch.setattr(client, "_call_local", answered)
    runner = CliRunner()

    def run(*args: str, code: int = 0) -> str:
        result = runner.invoke(app, [*args, "--home", str(broken.home)])
        assert code == result.exit_code, result.output
        return result.output

    return run


def test_a_broken_run_ends_with_balanced_totals_after_the_commands_of_an_operator(
    broken: LocalHarness, troupe: Command
) -> None:
    """A handler fails, a job hangs, a batch has no output, records are blocked."""
    repair = fail_writes(
        broken.backend.bucket,
        "bucket_unwritable",
        of=lambda path: "requests/" in path and OF_BATCH_4 in path,
    )
    troupe("request", "--run-id", "r1", "--canary", "10", "--rows-per-batch", "10",
           "--breaker", "100")  # fmt: skip
    work(broken, hours=4)

    # Whatever is stuck shows its reason and a command.
    output = troupe("status", "r1")
    assert "batch 2, attempt 1: waiting for Vertex 3 h" in output
    assert "limit 96 h" in output
    assert "stuck: handler process-results dead-lettered (output_missing)" in output
    assert "stuck: handler write-jsonl dead-lettered (bucket_unwritable)" in output
    assert "troupe dead-letters show" in output

    # The failing handler: the cause is repaired, and the message replayed.
    letters = troupe("dead-letters", "list")
    assert "write-jsonl  bucket_unwritable" in letters
    repair()
    replay = ("dead-letters", "replay", "--handler", "write-jsonl")
    assert "__r1__4__1__write-jsonl__0  would replay" in troupe(*replay, "--dry-run")
    assert "__r1__4__1__write-jsonl__0  replayed" in troupe(*replay)
    work(broken, hours=1)

    # The batch without output: its attempt is closed without answers.
    (letter,) = OPERATIONS["list_dead_letters"](broken.backend).letters
    assert "output_missing" in troupe("dead-letters", "show", letter.letter_id)
    closed = troupe("dead-letters", "discard", letter.letter_id, "--reason", "bucket emptied")
    assert f"{letter.letter_id}  discarded" in closed

    # The hanging job: the run is cancelled; answers of the job are kept.
    troupe("cancel", "r1")
    work(broken, hours=1)
    output = troupe("verify", "r1", code=4)
    assert "the totals balance" in output
    assert "analysed 28  failed 2  released 10  open 0" in output

    # The next run takes what was released, a reprocessing what failed.
    broken.restart(corruption=None, behaviour=Behaviour())
    troupe("request", "--run-id", "r2", "--canary", "40")
    work(broken, hours=1)
    blocked = ("reprocess", "--run", "r1", "--error-type", "blocked")
    assert "2 records in 1 batch" in troupe(*blocked, "--dry-run")
    troupe(*blocked, "--run-id", "r3")
    work(broken, hours=1)

    # The rows of r2 are wrong: they are cleared and analysed again.
    cleared = troupe("clear-history", "--run", "r2", "--reason", "wrong prompt", "--yes")
    assert "cleared 10 processed records, 10 analysed rows" in cleared
    assert "cleared 10" in troupe("verify", "r2")
    troupe("request", "--run-id", "r4", "--canary", "40")
    work(broken, hours=1)

    assert "the totals balance" in troupe("verify", code=4)
    assert 40 == broken.one("SELECT count(DISTINCT record_id) FROM processed_records")


def work(harness: LocalHarness, hours: float) -> None:
    """Run a worker for some hours, with four ticks an hour."""
    for _ in range(round(hours * 4)):
        while harness.backend.deliver_next() is not None or harness.backend.service.step():
            pass
        harness.tick(minutes=15)
