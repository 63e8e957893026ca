"""Record the tables and events of this version, for the upgrade tests of later versions.

    python -m tests.events.recording 0.1.0

writes tests/events/recorded/<version>.json, once per release: the tables of a run in flight, and one
event of each class. Recordings are never renewed: they hold what that version wrote.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from events import (
    CancelRequested,
    DiscardRequested,
    ReplayRequested,
    ReprocessRequested,
    RereadRequested,
)
from handlers.ports import JobState
from tests.harness import LocalHarness, calls
from tracking.tables import columns_of, layouts
from troupe.backends.local.backend import LocalSettings
from troupe.standin.corrupt import Corruption
from troupe.standin.settings import Behaviour, End

FOLDER = Path(__file__).parent / "recorded"
CALLS = 12

Rows = list[dict[str, Any]]


def in_flight(home: Path) -> dict[str, Rows]:
    """Every table of a run that is planned, before its first request file is written."""
    harness = LocalHarness(home, LocalSettings(deployment="rec1"))
    harness.load(calls(CALLS))
    harness.request("r1", rows_per_batch=5, canary=2)
    harness.backend.deliver_next()
    tables = {table: _rows(harness, f'SELECT * FROM "{table}"') for table in layouts()}  # noqa: S608
    harness.close()
    return tables


def every_event(home: Path) -> Rows:
    """One row of the event log per class, from runs that succeed, fail, stop and are refused."""
    rows: dict[str, dict[str, Any]] = {}
    for harness in _runs(home):
        for row in _rows(harness, "SELECT * FROM events ORDER BY recorded_at, event_id"):
            rows.setdefault(row["topic"], row)
        harness.close()
    return list(rows.values())


def _runs(home: Path) -> Iterator[LocalHarness]:
    harness = LocalHarness(
        home / "a", LocalSettings(deployment="rec1", corruption=Corruption(share=1.0))
    )
    harness.load(calls(4))
    harness.run("r1", rows_per_batch=2, canary=2, max_attempts=1)
    harness.backend.bus.send("run-requested", b'{"mode": "nonsense"}', {})
    harness.backend.bus.send("batch-planned", b"no event", {})
    harness.publish(ReplayRequested(letter_ids=["no such letter"]))
    harness.publish(DiscardRequested(letter_ids=["no such letter"], reason="a test"))
    harness.publish(RereadRequested(run_id="r5", of_run="r1"))
    harness.play()
    harness.publish(ReprocessRequested(run_id="r2", of_run="r1"))
    harness.play()
    yield harness
    failing = Behaviour(end=lambda job: End(state=JobState.FAILED, code=13))
    harness = LocalHarness(home / "c", LocalSettings(deployment="rec1", behaviour=failing))
    harness.load(calls(2))
    harness.run("r4", max_attempts=1)
    yield harness
    harness = LocalHarness(home / "b", LocalSettings(deployment="rec1"))
    harness.load(calls(CALLS))
    harness.request("r3", rows_per_batch=2, canary=2)
    for _ in range(4):
        harness.backend.deliver_next()
    harness.publish(CancelRequested(run_id="r3"))
    harness.play()
    yield harness


def _rows(harness: LocalHarness, sql: str) -> Rows:
    found = harness.backend.warehouse.db.execute(sql)
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def main(version: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        recording = {
            "tables": in_flight(Path(folder) / "t"),
            "events": every_event(Path(folder)),
            "shapes": {
                table: {column.name: (column.type, column.mode) for column in columns_of(table)}
                for table in layouts()
            },
        }
    FOLDER.mkdir(exist_ok=True)
    text = json.dumps(recording, default=str, ensure_ascii=False)
    lines = text.replace("}, {", "},\n{").replace('], "', '],\n"')
    (FOLDER / f"{version}.json").write_text(lines + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
