"""A whole local backend for tests, with a clock that tests move: nothing sleeps."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from shutil import copy, copytree, rmtree
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import msgspec

from events import (
    Command,
    RunRequested,
    record_id,
    wrap_command,
)
from tests.attached import AttachedFile
from tests.local.fakes import HeldClock
from troupe import operations
from troupe.backends.local.backend import LocalBackend, LocalSettings
from troupe.backends.local.operations import load
from troupe.backends.local.warehouse import LocalWarehouse

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@cache
def new_warehouse() -> Path:
    """Return a database file with all tables; a copy of it is quicker than creating them again."""
    file = Path(_FOLDER.name) / "warehouse.duckdb"
    LocalWarehouse(file, HeldClock()).close()
    return file


_FOLDER = TemporaryDirectory(prefix="troupe-tests-")


class LocalHarness:
    """Loads transcripts, publishes requests, moves the clock, and reads the tables."""

    def __init__(self, home: Path, settings: LocalSettings | None = None) -> None:
        self.home, self.settings = home, settings or LocalSettings()
        self.clock = HeldClock()
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (home / "warehouse.duckdb").exists():
            copy(new_warehouse(), home / "warehouse.duckdb")
        self.backend = self._opened()

    def close(self) -> None:
        self.backend.close()

    def copy(self, home: Path) -> "LocalHarness":
        """Open a copy of a closed harness, at its time: quicker than to run everything again."""
        copytree(self.home, home)
        copied = LocalHarness(home, self.settings)
        copied.clock.now = self.clock.now
        return copied

    def begin_after(self, play: Callable[..., object], *arguments: Any) -> None:
        """Begin in the state in which `play(harness, *arguments)` leaves a harness of these settings.

        It is played once in a process and copied, which is quicker; the backend is another one then.
        """
        made = _PLAYED.get((play, arguments))
        if made is None:
            home = Path(_FOLDER.name) / f"played{len(_PLAYED)}"
            made = _PLAYED[play, arguments] = LocalHarness(home, self.settings)
            play(made, *arguments)
            made.close()
        assert self.settings == replace(made.settings, telemetry=self.settings.telemetry)
        self.close()
        rmtree(self.home)
        copytree(made.home, self.home)
        self.clock.now = made.clock.now
        self.backend = self._opened()

    def restart(self, **changed: Any) -> None:
        """Close the backend, as if the process died, and open another with changed settings."""
        self.close()
        self.settings = replace(self.settings, **changed)
        self.backend = self._opened()
        self.backend.wake()

    def _opened(self) -> LocalBackend:
        """Open the backend. With a few rows, optimising a query takes longer than running it."""
        with patch("troupe.backends.local.warehouse.connect", AttachedFile):
            backend = LocalBackend(self.home, self.settings, self.clock)
        backend.warehouse.db.execute("PRAGMA disable_optimizer")
        return backend

    def load(self, rows: Iterable[dict[str, Any]]) -> None:
        file = self.home / f"{uuid4().hex}.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        load(self.backend, [str(file)])

    def request(self, run_id: str = "r1", **request: Any) -> str:
        """Publish `run-requested`, and return its event id."""
        return self.publish(RunRequested(run_id=run_id, **request))

    def publish(self, request: Command) -> str:
        id_ = f"request-{uuid4().hex[:8]}"
        self.backend.publish(
            wrap_command(request, deployment=self.backend.deployment, id_=id_, time=self.clock())
        )
        return id_

    def play(self, most_steps: int = 20_000, report_of: str | None = None) -> None:
        """Deliver, run jobs and tick until nothing is left to do; the clock jumps to what is due.

        With `report_of`, stop before the report of this run, which takes a quarter of a short run.
        """
        for _ in range(most_steps):
            if report_of and self._writes_next(report_of):
                return
            if self.backend.deliver_next() is not None or self.backend.service.step():
                continue
            if not self._jump() and not self._ticked():
                return
        raise AssertionError(f"work is left after {most_steps} steps")

    def _writes_next(self, run_id: str) -> bool:
        """Return whether the next message is the one that a run's report is written after."""
        due = self.backend.bus._due[:1]
        return any(
            each.delivery.message.topic == "run-completed"
            and each.delivery.message.attributes.get("ce-correlationid") == run_id
            for each in due
        )

    def play_until(self, topic: str, run_id: str = "r1", minutes: float = 0) -> None:
        """Deliver and run jobs until an event of this topic was published.

        Where nothing is left to do, tick after so many minutes.
        """
        for _ in range(20_000):
            if topic in self.topics(run_id):
                return
            if self.backend.deliver_next() is None and not self.backend.service.step():
                self.tick(minutes)
        raise AssertionError(f"{topic} was not published")

    def _ticked(self) -> bool:
        """Tick, once a handler's wait is over; return whether more messages were published."""
        wait = self.backend.next_wait()
        if wait is not None:
            self.clock.pass_(max(0.0, (wait - self.clock()).total_seconds()))
        before = self.backend.bus.sent
        self.tick()
        while self.backend.deliver_next() is not None:
            pass
        return self.backend.bus.sent > before + 1

    def tick(self, minutes: float = 0) -> None:
        """Move the clock, publish the scheduler's tick, and deliver it."""
        self.clock.pass_(minutes * 60)
        self.backend.tick()
        self.backend.deliver_next()

    def run(self, run_id: str = "r1", **request: Any) -> dict[str, Any]:
        """Request a run, play it to its end, and return the totals."""
        self.complete(run_id, **request)
        return self.books(run_id)

    def complete(self, run_id: str = "r1", **request: Any) -> None:
        """Request a run, and play it to its end."""
        self.request(run_id, **request)
        self.play()

    def analyse(self, run_id: str = "r1", **request: Any) -> None:
        """Request a run, and play it until its report is to be written."""
        self.request(run_id, **request)
        self.play(report_of=run_id)

    def totals(self, run_id: str = "r1", **request: Any) -> dict[str, Any]:
        """Request a run, play it until its report is to be written, and return the totals."""
        self.analyse(run_id, **request)
        return self.books(run_id)

    def books(self, run_id: str | None = None) -> dict[str, Any]:
        return msgspec.structs.asdict(operations.verify(self.backend, run_id))

    def sql(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run SQL in DuckDB's dialect, and return the rows."""
        return self.backend.warehouse.db.execute(sql, list(values)).fetchall()

    def one(self, sql: str, *values: Any) -> Any:
        ((value,),) = self.sql(sql, *values)
        return value

    def topics(self, run_id: str = "r1") -> list[str]:
        """Return the topics of the run's events, in order, each event once."""
        rows = self.sql(
            "SELECT topic FROM events WHERE run_id = ? GROUP BY topic, event_id "
            "ORDER BY min(recorded_at), min(rowid)",
            run_id,
        )
        return [topic for (topic,) in rows]

    def jobs(self) -> int:
        """Return how many jobs were created; each one costs."""
        labels = {"troupe": self.backend.deployment.id}
        return len(
            self.backend.dependencies.job_service.created_since(START - timedelta(days=999), labels)
        )

    def _jump(self) -> bool:
        times = [self.backend.bus.next_due(), self.backend.service.next_due()]
        due = min((time for time in times if time is not None), default=None)
        if due is None:
            return False
        self.clock.pass_(max(0.0, (due - self.clock()).total_seconds()))
        return True


_PLAYED: dict[tuple[Callable[..., object], tuple[Any, ...]], LocalHarness] = {}


def ran(harness: LocalHarness, count: int) -> None:
    """Run r1 over so many calls, for `begin_after`."""
    harness.load(calls(count))
    harness.complete("r1")


def calls(count: int, start: int = 0, **columns: Any) -> list[dict[str, Any]]:
    """Return this many source rows, each of another call."""
    return [call(number, **columns) for number in range(start, start + count)]


def call(number: int, transcript: str | None = "", **columns: Any) -> dict[str, Any]:
    text = f"CUSTOMER: My line {number} is broken, thanks.\nAGENT: It is repaired now."
    return {
        "phone_number_token": f"tok_{number // 2:06d}",
        "referenceId": f"REF-{number}",
        "interactionId": f"int-{number}",
        "transcript": text if transcript == "" else transcript,
        "direction": "INBOUND",
        "provider": "tests",
        "event_timestamp": (START - timedelta(days=1, minutes=number)).isoformat(),
    } | columns


def id_of(row: dict[str, Any]) -> str:
    return record_id(row["phone_number_token"], row["interactionId"], row["referenceId"])


def final_tables(harness: LocalHarness, runs: Sequence[str] = ("r1",)) -> str:
    """Hash a run's results without times and file names: equal results have equal hashes."""
    marks = ", ".join("?" for _ in runs)
    rows = harness.sql(
        "SELECT * EXCLUDE (analysed_at) FROM transcription_analyzed_transcripts "  # noqa: S608
        f"WHERE run_id IN ({marks}) ORDER BY ALL",
        *runs,
    )
    processed = harness.sql("SELECT * EXCLUDE (processed_at) FROM processed_records ORDER BY ALL")
    errors = harness.sql(
        "SELECT error_type, cause, record_id, batch, attempt FROM error_tracking "
        "WHERE scope = 'record' ORDER BY ALL"
    )
    text = json.dumps([rows, processed, errors], default=str)
    return hashlib.sha256(text.encode()).hexdigest()
