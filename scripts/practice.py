"""Make a state folder to practise recovery in: two runs, each with a dead letter.

    TROUPE_HOME=.troupe-practice python -m scripts.practice

The request files of both runs could not be written, as if other objects had their names.
"""

import os
import sys
from pathlib import Path
from typing import Any

from events import RunRequested, wrap_command
from handlers.dispatch.errors import Reject
from troupe.backends.local import operations
from troupe.backends.local.backend import LocalBackend, LocalSettings

SAMPLE = Path(__file__).parents[1] / "docs" / "examples" / "calls.jsonl"
DEPLOYMENT = "ab12"
"""Its id is the beginning of every event id, so that the documents can name them."""


def make(home: Path) -> None:
    """Plan runs `first` and `second` of fifteen records each, and fail to write their files."""
    backend = LocalBackend(home, LocalSettings(deployment=DEPLOYMENT))
    try:
        operations.load(backend, [str(SAMPLE)])
        backend.bucket.write_once = _refuse  # type: ignore[method-assign]  # the fault to practise on
        for run_id in ("first", "second"):
            # breaker=100: failed records do not stop the runs.
            request = RunRequested(run_id=run_id, mode="test", limit=15, breaker=100)
            id_, now = f"request-{run_id}", backend.clock()
            backend.publish(wrap_command(request, deployment=backend.deployment, id_=id_, time=now))
            while backend.deliver_next():
                pass
    finally:
        backend.close()


def _refuse(path: str, _chunks: Any) -> Any:
    raise Reject("object_conflict", f"{path} has other content")


if __name__ == "__main__":
    folder = Path(os.environ.get("TROUPE_HOME", ".troupe-practice"))
    if folder.exists():
        raise SystemExit(f"{folder} is there already: name a new folder with TROUPE_HOME")
    make(folder)
    sys.stdout.write(f"made {folder}: runs first and second have a dead letter each\n")
