"""BigQuery in memory: the real SQL, and transactions that stay open while others begin.

The optimizer is off and every statement is parsed once: with tables of a dozen rows, optimising a
plan takes longer than running it.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import duckdb

from handlers.dispatch.errors import Redeliver
from tracking import Params, Row
from tracking.tables import Column, check_row, layouts
from troupe.backends.local.duckdb_tables import create_table
from troupe.backends.local.sql_translation import Statement
from troupe.backends.local.warehouse import (
    LocalWarehouse,
    _plain,
    execute,
    parsed,
    staging_tables,
    translated,
)

from .memory_cloud import HeldClock, MemoryBucket


@dataclass(slots=True)
class Running:
    """A transaction that is not committed yet."""

    name: str
    cursor: duckdb.DuckDBPyConnection
    ends_at: datetime


class MemoryWarehouse(LocalWarehouse):
    """One DuckDB for many simulations, emptied between them."""

    def __init__(self, clock: HeldClock) -> None:
        super().__init__(None, clock)
        self.db.execute("SET threads = 1")
        self.db.execute("PRAGMA disable_optimizer")
        self.objects = MemoryBucket()
        self.running: dict[str, Running] = {}
        self._staged = 0
        self._cached: dict[str, dict[tuple[str, ...], list[Row]]] = {}
        self._versions = Counter[str]()

    def reset(self, clock: HeldClock, bucket: MemoryBucket) -> None:
        """Empty every table, for the next simulation."""
        for job in self.running.values():
            job.cursor.close()
        self.running.clear()
        self.drop_staging()
        for table in (*layouts(), "local_jobs"):
            self.db.execute(parsed(f"TRUNCATE {table}"))
        self._staged, self._clock, self.objects = 0, clock, bucket
        self._cached.clear()

    def query(self, sql: str, params: Params) -> list[Row]:
        """Answer from the cache while none of the query's tables has changed."""
        tables = _tables_in(sql)
        now = str(self._clock()) if "CURRENT_" in sql else ""
        key = (str(params), now, *(str(self._versions[table]) for table in tables))
        answers = self._cached.setdefault(sql, {})
        if key not in answers:
            answers.clear()
            answers[key] = super().query(sql, params)
        return [dict(row) for row in answers[key]]

    def append(self, table: str, rows: Sequence[Row]) -> None:
        super().append(table, rows)
        self._versions[table] += 1

    def run_once(self, job_id: str, script: str, params: Params) -> bool:
        self.wait_for(job_id)
        try:
            return super().run_once(job_id, script, params)
        finally:
            self._changed()

    def begin(self, job_id: str, script: str, params: Params, ends_at: datetime) -> bool:
        """Run the transaction and leave it open until `ends_at`; False when it ran before."""
        self.wait_for(job_id)
        name = self._free_suffix(job_id)
        if name is None:
            return False
        cursor = self.db.cursor()
        cursor.execute("BEGIN TRANSACTION")
        try:
            for statement in translated(script, staging_tables(script)):
                self._execute(cursor, statement, params)
            now = _plain(self._clock())
            cursor.execute("INSERT INTO local_jobs VALUES ($1, 'done', $2)", [name, now])
        except duckdb.Error as error:
            cursor.close()
            self._end_job(name, "failed")
            raise Redeliver(f"job {name}: another transaction was in the way") from error
        self.running[job_id] = Running(name, cursor, ends_at)
        return True

    def wait_for(self, job_id: str) -> None:
        """Raise `Redeliver` while a transaction of this id is running: it never runs twice."""
        if job_id in self.running:
            raise Redeliver(f"job {job_id} is still running")

    def commit(self, job_id: str) -> bool:
        """Commit an open transaction; False when it conflicts with another."""
        job = self.running.pop(job_id)
        try:
            job.cursor.execute("COMMIT")
        except duckdb.Error:
            self._end_job(job.name, "failed")
            return False
        finally:
            job.cursor.close()
            self._changed()
        return True

    def _changed(self) -> None:
        for table in layouts():
            self._versions[table] += 1

    def report_failure(self, job_id: str) -> None:
        """Report the job as failed although its transaction is committed."""
        self.db.execute(
            "UPDATE local_jobs SET state = 'failed' WHERE starts_with(job_id, $1)", [job_id]
        )

    def load(self, table: str, columns: Sequence[Column], uris: Iterable[str]) -> str:
        self._staged += 1
        name = f"{table}_staging_{self._staged}"
        self.db.execute(create_table(name, columns))
        lines = [line for uri in uris for line in self.objects.content[uri].splitlines()]
        rows = f"[{','.join(line.decode() for line in lines)}]"
        self.db.execute(parsed(_insert_from(name, tuple(columns))), {"rows": rows})
        return name

    def drop_staging(self) -> None:
        for number in range(self._staged):
            self.db.execute(f"DROP TABLE IF EXISTS staged_staging_{number + 1}")

    def put(self, table: str, rows: Iterable[Row]) -> None:
        """Insert rows into the user's source table."""
        for row in rows:
            check_row(table, row)
            self._insert(table, [row])
        self._changed()

    def remove(self, table: str, column: str, value: str) -> None:
        """Delete rows of the user's source table."""
        self.rows(f"DELETE FROM {table} WHERE {column} = $1", value)  # noqa: S608
        self._changed()

    def now(self) -> datetime:
        return self._clock()

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of DuckDB's own SQL, without cache and faults."""
        return self.db.execute(parsed(sql), list(values)).fetchall()

    def _execute(
        self, db: duckdb.DuckDBPyConnection, statement: Statement, params: Params
    ) -> duckdb.DuckDBPyConnection:
        return execute(db, statement, {**params, "now": self._clock()})


@cache
def _tables_in(sql: str) -> tuple[str, ...]:
    return tuple(table for table in layouts() if re.search(rf"\b{table}\b", sql))


@cache
def _insert_from(name: str, columns: tuple[Column, ...]) -> str:
    structure = json.dumps([{column.name: _structure(column) for column in columns}])
    return (
        f"INSERT INTO {name} BY NAME SELECT unnest(from_json($rows, '{structure}'), max_depth := 2)"
    )


_TYPES = {"STRING": "VARCHAR", "INTEGER": "BIGINT", "FLOAT": "DOUBLE", "BOOLEAN": "BOOLEAN"}


def _structure(column: Column) -> Any:
    base: Any = (
        {inner.name: _structure(inner) for inner in column.fields}
        if column.type == "RECORD"
        else _TYPES[column.type]
    )
    return [base] if column.mode == "REPEATED" else base
