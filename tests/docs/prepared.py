"""State that a page needs before its first command."""

from pathlib import Path

from events import RunRequested, wrap_command
from tests.cli.command import run_here
from tests.faults import fail_writes
from troupe.backends.local import operations
from troupe.backends.local.backend import LocalBackend, LocalSettings


def two_runs_with_dead_letters(folder: Path) -> None:
    """Make runs `first` and `second`, each with a dead letter instead of a request file."""
    backend = LocalBackend(folder / ".troupe", LocalSettings(deployment="ab12"))
    operations.load(backend, [str(folder / "docs/examples/calls.jsonl")])
    fail_writes(backend.bucket)
    for run_id in ("first", "second"):
        # breaker=100: failed records do not stop the runs.
        request = RunRequested(run_id=run_id, mode="test", limit=15, breaker=100)
        id_, now = f"request-{run_id}", backend.clock()
        backend.publish(wrap_command(request, deployment=backend.deployment, id_=id_, time=now))
        while backend.deliver_next():
            pass
    backend.close()


def a_finished_demo(folder: Path) -> None:
    """Run the demo, as a reader of the page has done."""
    assert 0 == run_here(["demo"])[0]
    assert (folder / ".troupe").is_dir()


PREPARED = {"recover": two_runs_with_dead_letters, "quick-start": a_finished_demo}
"""Preparation by the name of the page."""
