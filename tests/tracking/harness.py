"""TrackingHarness: the tracking tables in DuckDB, with shortcuts to plan, close and inspect."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from analysis import load_analysis
from analysis.prices import prices_of
from events import (
    Deployment,
    Envelope,
    Event,
    ReprocessRequested,
    RunRequested,
    RunStopped,
    record_id,
    wrap,
)
from handlers.attempts.close import answer_record
from handlers.plan_run import event_time_floor
from handlers.runs.plan_params import plan_params
from tests.events.making import cause
from tests.local.fakes import HeldClock
from tracking import AttemptKey, Closing, EventLog, Plan, Redaction, Tracking
from tracking.tables import layouts
from troupe.backends.defaults import error_types
from troupe.backends.local.bucket import LocalBucket
from troupe.backends.local.warehouse import LocalWarehouse

ANALYSIS = load_analysis("call_review_v1")
MODEL = ANALYSIS.model
DAY = "2026-03-02"
OUTPUT = ANALYSIS.table
PRICES = ("input_price", "cached_price", "output_price")

FILLED = " UNION ALL ".join(
    f"(SELECT '{table}' FROM \"{table}\" LIMIT 1)"  # noqa: S608
    for table in (*layouts(), "local_jobs")
)
"""The tables that have rows; to delete from each would take several times as long."""

Row = dict[str, Any]
Played = tuple[str, list[str], datetime]
"""The schema with copies of the rows, the tables that have some, and the time."""


class TrackingHarness:
    """The tracking tables in DuckDB. `empty` resets it between tests, so a module needs only one."""

    def __init__(self, folder: Path) -> None:
        self.clock = HeldClock()
        self.bucket = LocalBucket(folder)
        self.warehouse = LocalWarehouse(None, self.clock, self.bucket)
        # With a few rows, optimising a query takes longer than running it.
        self.warehouse.db.execute("SET threads = 1; PRAGMA disable_optimizer")
        self.deployment = Deployment("d1")
        self.event_log = EventLog(self.warehouse)
        self._files = 0
        self._played: dict[Any, Played] = {}
        self.empty()

    def begin_after(self, play: Callable[..., object], *arguments: Any, **named: Any) -> None:
        """Bring an empty harness to the state in which `play(harness, ...)` leaves it.

        It is played once, and its rows are copied from then on, which is quicker.
        """
        key = repr((play, arguments, named))
        if key not in self._played:
            play(self, *arguments, **named)
            self._played[key] = self._kept(f"after_{len(self._played)}")
            return
        schema, tables, self.clock.now = self._played[key]
        self.warehouse.db.execute("DELETE FROM planning_lock")
        for table in tables:
            self.warehouse.db.execute(f'INSERT INTO "{table}" FROM {schema}."{table}"')

    def _kept(self, schema: str) -> "Played":
        """Copy the rows of all tables to another schema."""
        tables = [table for (table,) in self.sql(FILLED)]
        self.warehouse.db.execute(f"CREATE SCHEMA {schema}")
        for table in tables:
            self.warehouse.db.execute(f'CREATE TABLE {schema}."{table}" AS FROM "{table}"')
        return schema, tables, self.clock.now

    def empty(self) -> None:
        for (table,) in self.sql(FILLED):
            self.warehouse.db.execute(f'DELETE FROM "{table}"')  # noqa: S608
        self.warehouse.db.execute("INSERT INTO planning_lock VALUES ('d1', 0, NULL)")
        self.clock.now = HeldClock().now
        # A new one, because it caches plans.
        self.tracking = Tracking(self.warehouse, self.deployment, error_types())
        self.redaction = Redaction()

    # Inspection

    def sql(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.warehouse.db.execute(sql, list(values)).fetchall()

    def one(self, sql: str, *values: Any) -> Any:
        ((value,),) = self.sql(sql, *values)
        return value

    def errors(self) -> list[tuple[Any, ...]]:
        """Error type, cause and count of the record errors."""
        return self.sql(
            "SELECT error_type, cause, count(*) FROM error_tracking WHERE scope = 'record' "
            "GROUP BY ALL ORDER BY ALL"
        )

    def everything(self) -> str:
        """All tables as one text, to compare before and after."""
        return repr([self.sql(f'SELECT * FROM "{t}" ORDER BY ALL') for t in layouts()])  # noqa: S608

    # Transactions

    def source(self, rows: Iterable[Row]) -> None:
        """Insert rows, those of the same columns together, in their order."""
        for names, alike in groupby(rows, key=tuple):
            lists = [list(column) for column in zip(*(row.values() for row in alike), strict=True)]
            columns = ", ".join(f'"{name}"' for name in names)
            values = ", ".join("unnest(?)" for _ in names)
            self.warehouse.db.execute(
                f"INSERT INTO transcription_pass_2 ({columns}) SELECT {values}",
                lists,
            )

    def plan(self, run_id: str = "r1", **request: Any) -> Plan:
        return self._planned(RunRequested(run_id=run_id, **request))

    def reprocess(self, run_id: str, **request: Any) -> Plan:
        return self._planned(ReprocessRequested(run_id=run_id, **request))

    def plan_under(self, analysis: str, run_id: str, **request: Any) -> Plan:
        """Plan a run of another version of the analysis."""
        return self._planned(RunRequested(run_id=run_id, **request), analysis=analysis)

    def _planned(self, request: RunRequested | ReprocessRequested, **changed: Any) -> Plan:
        asked = msgspec.structs.replace(request, **changed)
        floor = event_time_floor(asked, self.tracking)
        self.clock.pass_(1)
        params = plan_params(request, "m1", ANALYSIS, floor) | changed
        self.tracking.plan_run(request.run_id, params, self.redaction)
        plan = self.tracking.plan_of(request.run_id)
        assert plan is not None
        return plan

    def record(self, *events: Event) -> None:
        """Record events in the event log, a second after the last."""
        self.clock.pass_(1)
        envelopes: list[Envelope] = [
            wrap(event, deployment=self.deployment, source="t", time=self.clock(), cause=cause())
            for event in events
        ]
        self.event_log.record(envelopes, self.clock())

    def close(
        self,
        answers: Sequence[Row] = (),
        *,
        run_id: str = "r1",
        batch: int = 1,
        attempt: int = 1,
        ending: str = "succeeded",
        cause: str = "",
        never_started: bool = False,
        max_attempts: int = 3,
        prices: tuple[float, float, float] | None = prices_of(MODEL),
        model: str = MODEL,
        grounding: bool = True,
        analysis: str = ANALYSIS.name,
    ) -> Closing:
        attempt_key = AttemptKey(run_id=run_id, planned_on=DAY, batch=batch, attempt=attempt)
        self.clock.pass_(1)
        self.tracking.close_attempt(
            attempt_key,
            {
                "ending": ending, "cause": cause, "never_started": never_started, "jobs": '["j1"]',
                "outputs": "[]", "analysis": analysis, "model": model, "grounding": grounding,
                "prompt_fingerprint": ANALYSIS.prompt_fingerprint(model),
                "reader_fingerprint": ANALYSIS.reader_fingerprint, "max_attempts": max_attempts,
                "first_gap": 300, "longest_gap": 7200, "seconds": 1.5, "peak_megabytes": None,
                **dict(zip(PRICES, prices or (None, None, None), strict=True)),
            },
            staged=self.staged(answers) if answers else None,
            output=OUTPUT,
            answer=answer_record(ANALYSIS),
            paths=ANALYSIS.columns,
            summary="call_summary",
        )  # fmt: skip
        closing = self.tracking.closing_of(attempt_key)
        assert closing is not None
        return closing

    def staged(self, answers: Sequence[Row]) -> str:
        """Load these answers into a staging table through the bucket, as a run does."""
        self._files += 1
        lines = (json.dumps(nested(answer)).encode() + b"\n" for answer in answers)
        blob = self.bucket.write_once(f"staging/{self._files}.ndjson", lines)
        return self.tracking.stage_answers(answer_record(ANALYSIS), [blob.uri])

    def totals(self, run_id: str = "r1") -> Row:
        here = {"run_id": run_id, "planned_on": self.clock().date()}
        return self.tracking.query("verify_run", here, output=f"`{OUTPUT}`")[0]


def call(number: int, transcript: str | None = "hello there", **columns: Any) -> Row:
    return {
        "phone_number_token": f"t{number}",
        "interactionId": f"i{number}",
        "referenceId": None,
        "transcript": transcript,
        "direction": "INBOUND",
        "provider": "acme",
        "event_timestamp": "2026-03-01 12:00:00",
    } | columns


def calls(count: int, start: int = 0) -> list[Row]:
    return [call(number) for number in range(start, start + count)]


def id_of(row: Row) -> str:
    return record_id(row["phone_number_token"], row["interactionId"], row["referenceId"])


def good(row: Row, line: int = 1, job: int = 1, **fields: Any) -> Row:
    """The staging row of a good answer to this source row."""
    return {
        "record_id": id_of(row),
        "job": job,
        "line": line,
        "parse_method": "strict",
        "repair_grade": "exact",
        "grade": "exact",
        "finish_reason": "STOP",
        "model_version": "gemini-x",
        "prompt_tokens": 100,
        "cached_tokens": 40,
        "thoughts_tokens": 5,
        "output_tokens": 20,
        "text_fingerprint": hashlib.sha256(row["transcript"].encode()).hexdigest(),
        "call_summary": f"about {row['interactionId']}",
        "products": [],
    } | fields


def nested(row: Row) -> Row:
    """A staging row with its answer's columns where the schema has their values."""
    staged = {name: value for name, value in row.items() if name not in ANALYSIS.columns}
    for column in row.keys() & ANALYSIS.columns.keys():
        at = staged.setdefault("answer", {})
        *groups, name = ANALYSIS.columns[column].split(".")
        for group in groups:
            at = at.setdefault(group, {})
        at[name] = row[column]
    return staged


def bad(row: Row, error: str, line: int = 1, job: int = 1, **fields: Any) -> Row:
    """The staging row of an answer with this error type."""
    return {
        "record_id": id_of(row), "job": job, "line": line, "error_type": error, "detail": "why",
        "prompt_tokens": 100,
    } | fields  # fmt: skip


def all_good(rows: Sequence[Row], job: int = 1) -> list[Row]:
    return [good(row, line, job) for line, row in enumerate(rows, start=1)]


def stopped(reason: str) -> RunStopped:
    return RunStopped(run_id="r1", planned_on=DAY, reason=reason)


def planned(harness: TrackingHarness, count: int = 3, **request: Any) -> list[dict[str, Any]]:
    """Plan run r1 with this many records in one batch, and return their source rows."""
    harness.begin_after(planned_calls, count, **request)
    return calls(count)


def planned_calls(harness: TrackingHarness, count: int, **request: Any) -> None:
    harness.source(calls(count))
    harness.plan(**request)


COUNTS = ("analysed", "failed", "released", "open")


def counts(closing: Any) -> tuple[int, ...]:
    return tuple(getattr(closing, name) for name in COUNTS)
