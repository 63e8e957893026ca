"""State that a page needs before its first command."""

import base64
import json
from pathlib import Path
from typing import Any

from events import RunRequested, wrap_command
from handlers.dispatch.errors import Reject
from tests.harness import call, calls
from troupe.backends.local import operations
from troupe.backends.local.backend import LocalBackend, LocalSettings


def two_runs_with_dead_letters(folder: Path) -> None:
    """Make runs `first` and `second`, each with a dead letter instead of a request file."""
    backend = LocalBackend(folder / ".troupe", LocalSettings(deployment="ab12"))
    operations.load(backend, str(folder / "calls.jsonl"))
    for run_id in ("first", "second"):
        # breaker=100: failed records do not stop the runs.
        request = RunRequested(run_id=run_id, mode="test", limit=15, breaker=100)
        id_, now = f"request-{run_id}", backend.clock()
        backend.publish(wrap_command(request, deployment=backend.deployment, id_=id_, time=now))
        backend.bucket.write_once = _refuse  # type: ignore[method-assign,assignment]
        while backend.deliver_next():
            pass
    backend.close()


def _refuse(*_: object) -> object:
    raise Reject("object_conflict", "the object exists with other content")


def files_of_the_earlier_system(folder: Path) -> None:
    """Write three answers to known calls, one to an unknown call, and one without a valid key."""
    keys = [_composite(row) for row in (*calls(3), call(77))] + ["not-a-key"]
    text = "".join(_line(key) + "\n" for key in keys)
    (folder / "predictions.jsonl").write_text(text, encoding="utf-8")


def _composite(row: dict[str, Any]) -> str:
    token = base64.b64encode(row["phone_number_token"].encode()).decode()
    return f"{token}|{row['interactionId']}"


def _line(key: str) -> str:
    part = {"text": json.dumps({"callSummary": "A short call."})}
    candidate = {"content": {"parts": [part]}, "finishReason": "STOP"}
    return json.dumps({"key": key, "status": "", "response": {"candidates": [candidate]}})


PREPARED = {"recover": two_runs_with_dead_letters, "earlier-files": files_of_the_earlier_system}
"""Preparation by the name of the page."""
