"""A state folder with many runs, for the console: one real run, multiplied by SQL."""

import time
from itertools import islice
from pathlib import Path

import duckdb
import msgspec

from troupe import operations
from troupe.backends.local.backend import LocalBackend, LocalSettings
from troupe.backends.local.operations import load
from troupe.backends.local.state_folder import WAREHOUSE
from troupe.backends.local.worker import Worker
from troupe.demo_data import generate
from troupe.standin.corrupt import Corruption

TEMPLATE = "run"
SPREAD_DAYS = 360
"""The runs lie in so many days, the first copy first, as a folder fills in its time."""
OWN = ("planning_lock", "local_jobs", "local_schema", "local_staging", "transcription_pass_2")
"""Tables that are not multiplied, beside the source, which is multiplied by its own columns."""
PREFIXED = (
    "run_id", "event_id", "causation_id", "correlation_id", "letter_id", "error_id", "request_id",
    "interaction_id", "interactionId", "reference_id", "referenceId",
    "first_processed_execution_id",
)  # fmt: skip


def make_home(home: Path, runs: int, rows_of_run: int) -> None:
    """Create a folder with so many runs of so many records each, one in ten of them damaged."""
    settings = LocalSettings(corruption=Corruption(share=0.1, seed=0))
    backend = LocalBackend(home, settings)
    try:
        backend.wake()
        file = home / "calls.jsonl"
        lines = [msgspec.json.encode(row) + b"\n" for row in islice(generate(), rows_of_run)]
        file.write_bytes(b"".join(lines))
        load(backend, [str(file)])
        request = {"run_id": TEMPLATE, "canary": 20, "rows_per_batch": max(1, rows_of_run // 2)}
        operations.request(backend, request)
        worker = Worker(backend, time.sleep)
        while worker.step():
            pass
    finally:
        backend.close()
    with duckdb.connect(str(home / WAREHOUSE)) as db:
        for table in _tables(db):
            db.execute(_copies(db, table, runs))
        db.execute("CHECKPOINT")


def _tables(db: duckdb.DuckDBPyConnection) -> list[str]:
    found = db.execute(
        "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' AND NOT internal"
    ).fetchall()
    return [table for (table,) in found if table not in OWN or table == "transcription_pass_2"]


def _copies(db: duckdb.DuckDBPyConnection, table: str, copies: int) -> str:
    """A statement that replaces the rows of a table by copies under ids and times of their own."""
    described = db.execute(f'DESCRIBE "{table}"').fetchall()
    values = ", ".join(f'{_value(name, kind, copies)} AS "{name}"' for name, kind, *_ in described)
    return f"""
        CREATE TEMP TABLE old AS FROM "{table}";
        TRUNCATE "{table}";
        INSERT INTO "{table}" BY NAME
        SELECT {values} FROM range(1, {copies} + 1) AS r(i), old ORDER BY i;
        DROP TABLE old
        """  # noqa: S608


def _value(name: str, kind: str, copies: int) -> str:
    """Column `name` of copy `i`."""
    back = f"to_days((({copies} - i) * {SPREAD_DAYS} // {copies})::INT)"
    if name == "record_id":
        return "md5(record_id || i)"
    if name in PREFIXED or name == "phone_number_token":
        return f"\"{name}\" || '-' || i"
    if name in ("data", "request"):
        return f"""replace("{name}", '"{TEMPLATE}"', '"{TEMPLATE}-' || i || '"')"""
    if kind == "TIMESTAMP":
        return f'"{name}" - {back} + to_milliseconds(i)'
    if kind == "DATE":
        return f'("{name}" - {back})::DATE'
    return f'"{name}"'
