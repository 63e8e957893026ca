"""A run is broken in four ways, and brought to balanced books with the commands alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from handlers.dispatch.errors import Reject
from handlers.ports import Job, JobState
from tests.harness import LocalHarness, calls, id_of
from troupe.backends.local.operations import OPERATIONS
from troupe.cli import client
from troupe.cli.app import app
from troupe.standin.corrupt import Damage, Kind
from troupe.standin.settings import Behaviour, End

Backend = Callable[..., str]

STUCK, SILENT = "__2__1", "__3__1"
"""Attempts whose job hangs for ever, and whose job ends without a file."""


def fate(job: Job) -> End:
    attempt = job.labels["attempt"]
    if attempt.endswith(STUCK):
        return End(state=JobState.RUNNING)
    return End(share=0) if attempt.endswith(SILENT) else End()


@pytest.fixture
def broken(make_harness: Callable[..., LocalHarness]) -> LocalHarness:
    """Two calls that a filter blocks, a job that hangs, one that leaves nothing behind."""
    rows = calls(40)
    blocked = frozenset(f"k-{id_of(row)}" for row in rows[:2])
    harness = make_harness(
        behaviour=Behaviour(end=fate, running_seconds=600),
        damage=Damage(share=0, poison=blocked, poison_kind=Kind.BLOCKED),
    )
    harness.load(rows)
    return harness


@pytest.fixture
def troupe(broken: LocalHarness, monkeypatch: pytest.MonkeyPatch) -> Backend:
    """The command, answered by the process that owns the folder, as the control server would."""

    def answered(_home: Path, operation: str, arguments: dict[str, Any]) -> Any:
        return OPERATIONS[operation](broken.backend, **arguments)

    monkeypatch.setattr(client, "_call_local", answered)
    runner = CliRunner()

    def run(*words: str, code: int = 0) -> str:
        done = runner.invoke(app, [*words, "--home", str(broken.home)])
        assert code == done.exit_code, done.output
        return done.output

    return run


def test_a_broken_run_is_brought_to_balanced_books_with_the_commands_alone(
    broken: LocalHarness, troupe: Backend
) -> None:
    """A handler that fails, a job that hangs, a batch that is poison, records that are blocked."""
    mend = break_uploads(broken, of_batch=4)
    troupe("request", "--run-id", "r1", "--canary", "10", "--rows-per-batch", "10",
           "--breaker", "100")  # fmt: skip
    work(broken, hours=4)

    # What stands still says why, and names the command that shows it.
    told = troupe("status", "r1")
    assert "batch 2, attempt 1: waiting for Vertex 3 h" in told
    assert "limit 96 h" in told
    assert "stuck: handler process-results dead-lettered (output_missing)" in told
    assert "stuck: handler write-jsonl dead-lettered (bucket_unwritable)" in told
    assert "troupe dead-letters show" in told

    # The failing handler: its cause is mended, and its message sent once more.
    listed = troupe("dead-letters", "list")
    assert "write-jsonl  bucket_unwritable" in listed
    mend()
    assert "would replay 1" in troupe("dead-letters", "replay", "--handler", "write-jsonl",
                                      "--dry-run")  # fmt: skip
    assert "replayed 1" in troupe("dead-letters", "replay", "--handler", "write-jsonl")
    work(broken, hours=1)

    # The poison batch: nothing can be read of it, so its attempt is closed without answers.
    (letter,) = OPERATIONS["dead_letters"](broken.backend)["letters"]
    assert "output_missing" in troupe("dead-letters", "show", letter["letter_id"])
    closed = troupe("dead-letters", "discard", letter["letter_id"], "--reason", "bucket emptied")
    assert "closed run r1, batch 3, attempt 1" in closed

    # The stuck job: the run is cancelled; what the job has answered is kept.
    troupe("cancel", "r1")
    work(broken, hours=1)
    told = troupe("verify", "r1")
    assert "the totals balance" in told
    assert "analysed 28  failed 2  released 10  open 0" in told

    # On a good day the next run takes what was released, a reprocessing what failed.
    broken.restart(damage=None, behaviour=Behaviour())
    troupe("request", "--run-id", "r2", "--canary", "40")
    work(broken, hours=1)
    blocked = ("reprocess", "--run", "r1", "--error-type", "blocked")
    assert "2 records in 1 batch" in troupe(*blocked, "--dry-run")
    troupe(*blocked, "--run-id", "r3")
    work(broken, hours=1)

    # The rows of r2 turn out to be wrong: cleared, and asked once more.
    cleared = troupe("clear-history", "--run", "r2", "--reason", "wrong prompt", "--yes")
    assert "cleared 10 processed records and 10 analysed rows" in cleared
    assert "cleared 10" in troupe("verify", "r2")
    troupe("request", "--run-id", "r4", "--canary", "40")
    work(broken, hours=1)

    assert "the totals balance" in troupe("verify")
    assert 40 == broken.one("SELECT count(DISTINCT record_id) FROM processed_records")


def work(harness: LocalHarness, hours: float) -> None:
    """A worker for so long: everything that is due, and a tick every five minutes."""
    for _ in range(round(hours * 12)):
        while harness.backend.deliver_next() is not None or harness.backend.service.step():
            pass
        harness.tick(minutes=5)


def break_uploads(harness: LocalHarness, of_batch: int) -> Callable[[], None]:
    """Writing the requests of this batch fails for good, until it is mended."""
    write = harness.backend.bucket.write_once

    def fail(path: str, *rest: Any) -> Any:
        if path.startswith("requests/") and f"__{of_batch}__" in path:
            raise Reject("bucket_unwritable", "permission denied")
        return write(path, *rest)

    harness.backend.bucket.write_once = fail  # type: ignore[method-assign,assignment]

    def mend() -> None:
        harness.backend.bucket.write_once = write  # type: ignore[method-assign]

    return mend
