"""State that a page needs before its first command."""

from pathlib import Path

from events import RunRequested, wrap_command
from tests.earlier_files import composite_key, line_of_key
from tests.faults import fail_writes
from tests.harness import call, calls
from troupe.backends.local import operations
from troupe.backends.local.backend import LocalBackend, LocalSettings


def two_runs_with_dead_letters(folder: Path) -> None:
    """Make runs `first` and `second`, each with a dead letter instead of a request file."""
    backend = LocalBackend(folder / ".troupe", LocalSettings(deployment="ab12"))
    operations.load(backend, [str(folder / "calls.jsonl")])
    fail_writes(backend.bucket)
    for run_id in ("first", "second"):
        # breaker=100: failed records do not stop the runs.
        request = RunRequested(run_id=run_id, mode="test", limit=15, breaker=100)
        id_, now = f"request-{run_id}", backend.clock()
        backend.publish(wrap_command(request, deployment=backend.deployment, id_=id_, time=now))
        while backend.deliver_next():
            pass
    backend.close()


def files_of_the_earlier_system(folder: Path) -> None:
    """Write three answers to known calls, one to an unknown call, and one without a valid key."""
    keys = [composite_key(row) for row in (*calls(3), call(77))] + ["not-a-key"]
    text = "".join(line_of_key(key) + "\n" for key in keys)
    (folder / "predictions.jsonl").write_text(text, encoding="utf-8")


PREPARED = {"recover": two_runs_with_dead_letters, "earlier-files": files_of_the_earlier_system}
"""Preparation by the name of the page."""
