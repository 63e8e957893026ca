"""Log lines of the product: what the handlers log on the local backend, as Cloud Logging reads it."""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from handlers.ports import Job
from handlers.summary.drift import log_moved_shares
from handlers.summary.weekly_shares import MovedShare
from tests.harness import LocalHarness, calls
from troupe.backends.gcp.cloud_logging import CloudLines
from troupe.backends.local.backend import LocalSettings
from troupe.standin.corrupt import Corruption
from troupe.standin.settings import Behaviour

Line = Mapping[str, Any]
DAYS_OPEN = 6
"""Days that the run is open whose tick is `stuck-tick`."""


@cache
def product_lines() -> dict[str, list[Line]]:
    """Return the lines of each situation, in the order in which they were logged."""
    with TemporaryDirectory(prefix="troupe-alarms-") as folder:
        home = Path(folder)
        return {
            "run": list(_run(home / "run", LocalSettings())),
            "failed-run": list(_run(home / "failed", LocalSettings(corruption=_BROKEN))),
            "stuck-tick": list(_stuck(home / "stuck")),
            "refusal": list(_sent(home / "refused", "run-requested", b'{"mode": "nonsense"}')),
            "letter": list(_sent(home / "letter", "batch-planned", b"no event")),
            "failing-tick": list(_failing_tick(home / "failing")),
            "moved": list(_moved()),
        }


_BROKEN = Corruption(share=1.0)


def named(situation: str, message: str) -> list[Line]:
    """Return the lines of a situation with this name. Fails when the product logs none."""
    found = [line for line in product_lines()[situation] if line["message"] == message]
    assert found, f"the product logs no {message!r}: {situation}"
    return found


@contextmanager
def _logged() -> Iterator[list[Line]]:
    lines: list[Line] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(json.loads(self.format(record)))

    handler, logger = Kept(), logging.getLogger("troupe")
    level = logger.level
    handler.setFormatter(CloudLines("p"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def _run(home: Path, settings: LocalSettings) -> Iterator[Line]:
    """A run from its request to its report, and a tick."""
    harness = LocalHarness(home, settings)
    harness.load(calls(6))
    with _logged() as lines:
        harness.run("r1", rows_per_batch=3, max_attempts=1)
        harness.tick()
    harness.close()
    yield from lines


def _stuck(home: Path) -> Iterator[Line]:
    """A tick while a job has not ended for days."""
    harness = LocalHarness(home, LocalSettings(behaviour=Behaviour(pending_seconds=1e9)))
    harness.load(calls(1))
    harness.request("r1")
    while harness.backend.deliver_next() is not None:
        pass
    with _logged() as lines:
        harness.tick(minutes=DAYS_OPEN * 24 * 60)
    harness.close()
    yield from lines


def _sent(home: Path, topic: str, body: bytes) -> Iterator[Line]:
    harness = LocalHarness(home)
    with _logged() as lines:
        harness.backend.bus.send(topic, body, {})
        harness.play()
    harness.close()
    yield from lines


def _failing_tick(home: Path) -> Iterator[Line]:
    """A tick while Vertex refuses to list jobs."""
    harness = LocalHarness(home)

    def refused(since: datetime, labels: Mapping[str, str]) -> list[Job]:
        raise PermissionError("a test")

    service: Any = harness.backend.dependencies.job_service
    service.created_since = refused
    with _logged() as lines:
        harness.tick()
    harness.close()
    yield from lines


def _moved() -> Iterator[Line]:
    share = MovedShare(
        analysis="call_review_v1", kind="answer", column="call_tone", value="calm",
        attribute=None, attribute_value=None, share_now=0.9, share_before=0.4, records_now=500,
        records_before=4000, p_value=0.0001, since=date(2026, 2, 2), weeks=[],
    )  # fmt: skip
    with _logged() as lines:
        log_moved_shares([share])
    yield from lines
