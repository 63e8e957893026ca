"""Local backends with a clock that the benchmark moves."""

import json
import random
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from analysis import load_analysis
from benchmarks import samples
from events import Deployment, RunRequested, wrap_command
from handlers.runs.plan_params import plan_params
from tracking import Redaction, Tracking
from tracking.tables import layouts
from troupe.backends.defaults import error_types
from troupe.backends.local.backend import LocalBackend, LocalSettings
from troupe.backends.local.bucket import LocalBucket
from troupe.backends.local.warehouse import LocalWarehouse
from troupe.standin.prediction_lines import Answer

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
RUN = "bench"
MAX_QUIET_TICKS = 120
"""Ticks without a message after which a run counts as stuck."""
CALLS = ("query", "stream", "run_once", "append", "load")
"""The methods of the warehouse port."""
MIN_BILLED = 10
"""Megabytes that BigQuery bills at least for each table that a statement names."""

_SOURCE = """
INSERT INTO transcription_pass_2
SELECT
  'tok_' || (n // 2), 'REF-' || n, 'int-' || n,
  'CUSTOMER: My line ' || n || ' is broken, thanks. AGENT: It is repaired now.',
  'INBOUND', 'bench', TIMESTAMP '2026-01-01' + to_seconds(n % 5000000)
FROM range({count}) AS r(n)
"""
_HISTORY = """
INSERT INTO processed_records
SELECT
  lpad(to_hex(n), 32, 'f'), $2, 'tok', 'int', 'hash', 'earlier', 1 + n // 1000, 1,
  TIMESTAMP '2025-01-01'
FROM range($1) AS r(n)
"""
_ANSWER = Answer(
    text=msgspec.json.encode(samples.answer(random.Random(0), lambda _: "It is repaired.")).decode()
)


class HeldClock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


class Planner:
    """A warehouse with so many short transcripts, for planning alone."""

    def __init__(self, folder: Path, records: int) -> None:
        self._warehouse = LocalWarehouse(
            folder / "warehouse.duckdb", HeldClock(), LocalBucket(folder / "bucket")
        )
        self._warehouse.db.execute("INSERT INTO planning_lock VALUES ('bench', 0, NULL)")
        self._warehouse.db.execute(_SOURCE.format(count=int(records)))
        self._warehouse.db.execute("CHECKPOINT")
        self._tracking = Tracking(self._warehouse, Deployment("bench"), error_types())

    def plan(self) -> tuple[int, int]:
        """Plan one run over all transcripts; returns its records and batches."""
        request = RunRequested(run_id=RUN)
        params = plan_params(request, "bench-1", load_analysis(request.analysis))
        self._tracking.plan_run(RUN, params, Redaction())
        plan = self._tracking.plan_of(RUN)
        return (plan.records, plan.batches) if plan else (0, 0)


class BenchmarkBackend:
    """A local backend that counts deliveries and calls of its warehouse, with bytes read."""

    def __init__(self, home: Path, records: int) -> None:
        self._clock = HeldClock()
        settings = LocalSettings(answerer=_answer, deployment="bench")
        self._backend = LocalBackend(home, settings, self._clock)
        self._backend.warehouse.db.execute(_SOURCE.format(count=int(records)))
        self._quiet = 0
        self.counts: dict[str, int] = {"deliveries": 0, "bytes_read": 0, "megabytes_billed": 0}
        for name in CALLS:
            self._count_calls(name)
        self._count_bytes()

    def close(self) -> None:
        self._backend.close()

    def add_history(self, records: int) -> None:
        """Add so many records that an earlier run processed."""
        analysis = RunRequested(run_id=RUN).analysis
        self._backend.warehouse.db.execute(_HISTORY, [records, analysis])

    def run(self, rows_per_batch: int, budget_tokens: int | None = None) -> dict[str, int]:
        """Run over all transcripts to the end; returns the counts."""
        request = RunRequested(
            run_id=RUN,
            rows_per_batch=rows_per_batch,
            canary=rows_per_batch,
            budget_tokens=budget_tokens,
        )
        self._backend.publish(
            wrap_command(
                request, deployment=self._backend.deployment, id_="bench-1", time=self._clock()
            )
        )
        while self._step():
            if self._quiet > MAX_QUIET_TICKS:
                raise RuntimeError("the run is stuck; look for dead letters")
        db = self._backend.warehouse.db
        (analysed,) = db.execute("SELECT count(*) FROM processed_records").fetchall()[0]
        return self.counts | {"analysed": int(analysed)}

    def _step(self) -> bool:
        """Do the next step, moving the clock to it; False when the run has ended."""
        if self._backend.deliver_next() is not None:
            self.counts["deliveries"] += 1
            return True
        if self._backend.service.step():
            return True
        due = [self._backend.bus.next_due(), self._backend.service.next_due()]
        soonest = min((time for time in due if time is not None), default=None)
        if soonest is None:
            return self._wait_for_tick()
        self._clock.now = max(self._clock.now, soonest) + timedelta(milliseconds=1)
        return True

    def _wait_for_tick(self) -> bool:
        """Nothing is due: send a tick, unless the run has its report."""
        ((reports,),) = self._backend.warehouse.db.execute(
            "SELECT count(*) FROM events WHERE topic = 'report-written'"
        ).fetchall()
        if reports:
            return False
        self._quiet += 1
        self._clock.now += timedelta(minutes=1)
        self._backend.tick()
        return True

    def _count_bytes(self) -> None:
        """Count the bytes that each statement's scans read from tables, and what BigQuery bills.

        Bytes are counted after filters, as for a clustered and partitioned table. DuckDB runs on
        one thread, because otherwise the blocks that a join's filter skips depend on a race.
        """
        warehouse = self._backend.warehouse
        warehouse.db.execute("SET threads = 1")
        table = re.compile(rf"\b(?:{'|'.join(layouts())})\b")
        inner: Callable[..., Any] = getattr(warehouse, "_execute")  # noqa: B009 - it is private

        def measured(db: Any, *arguments: Any) -> Any:
            db.execute("PRAGMA enable_profiling = 'no_output'")
            cursor = inner(db, *arguments)
            profile = json.loads(db.get_profiling_information() or "{}")
            read = _scanned(profile.get("operator", []))
            named = set(table.findall(arguments[0].sql))
            self.counts["bytes_read"] += read
            self.counts["megabytes_billed"] += max(read // 1_000_000, MIN_BILLED * len(named))
            return cursor

        setattr(warehouse, "_execute", measured)  # noqa: B010

    def _count_calls(self, name: str) -> None:
        """Count the calls of this method of the warehouse."""
        inner: Callable[..., Any] = getattr(self._backend.warehouse, name)
        self.counts[name] = 0

        def counted(*arguments: Any, **named: Any) -> Any:
            self.counts[name] += 1
            return inner(*arguments, **named)

        setattr(self._backend.warehouse, name, counted)


def _scanned(operators: list[dict[str, Any]]) -> int:
    return sum(
        _scanned(each.get("children", []))
        + (each.get("intermediate_size_bytes", 0) if "SCAN" in each.get("type", "") else 0)
        for each in operators
    )


def _answer(_: Mapping[str, Any]) -> Answer:
    return _ANSWER
