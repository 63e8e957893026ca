"""The local warehouse: BigQuery's statements, jobs and transactions in one DuckDB file."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb

from events.ids import STAGING, job_try, number_of_try
from handlers.dispatch.errors import Redeliver, Reject
from handlers.ports import Clock
from tracking import Params, Row, Source
from tracking.tables import Column, check_row
from troupe.duckdb_connection import ReadFile, connect
from troupe.interrupts import interruptible
from troupe.transcript_files.further_columns import TYPES

from .bucket import LocalBucket
from .disk import ending_on_disk_failure
from .duckdb_tables import add_column, create_all, create_table, has_all, read_json, type_name
from .source_table import StagedRows, insert_source, source_problem
from .sql_translation import Statement, translate
from .state_folder import HomeInUse, InvalidHome

STREAM_ROWS = 1_000

SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "preserve_insertion_order": False,
    "memory_limit": "400MB",
    "threads": 2,
}
"""Limits for a laptop: a plan of a million records spills to disk."""


class LocalWarehouse:
    """Owned by one process at a time; others go through `control_server.py`."""

    def __init__(
        self,
        path: Path | None,
        clock: Clock,
        bucket: LocalBucket | None = None,
        tables: Mapping[str, Sequence[Column]] | None = None,
        *,
        read_only: bool = False,
    ) -> None:
        """Without a path the tables are in memory. `tables` are those of the user's analyses.

        Raises `InvalidHome` for a file that cannot be opened or, with `read_only`, was written by
        another version; `HomeInUse` for one that another process has open.
        """
        self._read_file = _read_file(path) if path and read_only else None
        self.db = _connected(path, self._read_file)
        self._clock, self._bucket = clock, bucket
        try:
            if not read_only:
                create_all(self.db, tables or {})
            elif not has_all(self.db, tables or {}):
                raise InvalidHome(
                    f"{path} was written by another version of Troupe: `troupe work --idle-timeout "
                    "0` brings it up to date"
                )
        except (duckdb.CatalogException, duckdb.BinderException, duckdb.ConstraintException) as why:
            self.close()
            raise InvalidHome(
                f"{path} was written by a version of Troupe that this one cannot read "
                f"({type(why).__name__}): use that version, or name another folder with --home"
            ) from why
        except InvalidHome:
            self.close()
            raise

    def create_tables(self, tables: Mapping[str, Sequence[Column]]) -> None:
        """Create these tables unless they exist."""
        create_all(self.db, tables)

    def close(self) -> None:
        if self._read_file is None:
            self.db.close()
        else:
            self._read_file.close(self.db)

    @ending_on_disk_failure()
    def query(self, sql: str, params: Params) -> list[Row]:
        cursor = self._run(self.db, sql, params)
        return _rows(cursor, cursor.fetchall())

    def stream(self, sql: str, params: Params) -> Iterator[Row]:
        file = self._read_file
        reader = interruptible(self.db.cursor()) if file is None else file.cursor()
        try:
            cursor = self._run(reader, sql, params)
            while rows := cursor.fetchmany(STREAM_ROWS):
                yield from _rows(cursor, rows)
        finally:
            reader.close()

    @ending_on_disk_failure()
    def run_once(self, job_id: str, script: str, params: Params) -> bool:
        """Run a transaction once per job id, which is the idempotency key; False if it ran before.

        The row of the job id commits with the transaction, so that neither exists without the
        other.
        """
        name = self._free_suffix(job_id)
        if name is None:
            return False
        staging = staging_tables(script)
        statements = translated(script, staging)
        # As in BigQuery, CURRENT_TIMESTAMP is the same in all statements of a transaction.
        values = {**params, "now": self._clock()}
        try:
            with ending_on_disk_failure():
                self.db.execute("BEGIN TRANSACTION")
                for statement in statements:
                    self._execute(self.db, statement, values)
                self._end_job(name, "done")
                self.db.execute("COMMIT")
        except duckdb.Error as error:
            self._fail(name, error)
        except BaseException:
            # Without the rollback, later statements would join this transaction.
            self._roll_back()
            raise
        finally:
            with suppress(duckdb.Error):  # it would hide why the transaction failed
                self._drop_temporary(statements)
        for staged in staging:
            # Only this transaction reads it. Hundreds of such tables would fill the memory.
            self.db.execute(f'DROP TABLE IF EXISTS "{staged}"')
        return True

    @ending_on_disk_failure()
    def append(self, table: str, rows: Sequence[Row]) -> None:
        for row in rows:
            check_row(table, row)
        if len(rows) == 1:
            self._insert(table, rows)
            return
        self.db.execute("BEGIN TRANSACTION")
        try:
            self._insert(table, rows)
            self.db.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    def _insert(self, table: str, rows: Sequence[Row]) -> None:
        for row in rows:
            names = ", ".join(f'"{name}"' for name in row)
            marks = ", ".join("?" for _ in row)
            values = [_plain(value) for value in row.values()]
            sql = f'INSERT INTO "{table}" ({names}) VALUES ({marks})'  # noqa: S608
            self.db.execute(parsed(sql), values)

    @ending_on_disk_failure()
    def load(self, table: str, columns: Sequence[Column], uris: Iterable[str]) -> str:
        """Load NDJSON objects into a new staging table; one invalid line rejects all of them."""
        if self._bucket is None:
            raise Reject("no_bucket", "this warehouse was made without a bucket to load from")
        # As a dataset with default expiration does.
        self._drop_staging(self._clock() - timedelta(days=1))
        name = f"{table}_staging_{next_name(self.db)}"
        self.db.execute("INSERT INTO local_staging VALUES ($1, $2)", [name, _plain(self._clock())])
        self.db.execute(create_table(name, columns))
        self.db.execute("BEGIN TRANSACTION")
        try:
            with ending_on_disk_failure():
                for uri in uris:
                    self.db.execute(_insert_from(self._bucket.path_of(uri), name, columns))
                self.db.execute("COMMIT")
        except duckdb.Error as error:
            self._roll_back()
            raise Reject("load_refused", f"{table}: {type(error).__name__}") from error
        return name

    def drop_staging(self) -> None:
        """Drop every staging table, and the objects that they were loaded from."""
        self._drop_staging(self._clock() + timedelta(days=1))
        if self._bucket is not None:
            self._bucket.discard(STAGING)

    def _drop_staging(self, before: datetime) -> None:
        old = self.db.execute(parsed(_OLD_STAGING), [_plain(before)]).fetchall()
        for (name,) in old:
            self.db.execute(f'DROP TABLE IF EXISTS "{name}"')
        if old:
            self.db.execute("DELETE FROM local_staging WHERE made_at < $1", [_plain(before)])

    def columns(self, table: str) -> dict[str, str]:
        name = table.rpartition(".")[2].replace('"', '""')
        try:  # `duckdb_columns()` would bind all views of DuckDB's own, which takes 15 ms
            rows = self.db.execute(f'DESCRIBE "{name}"').fetchall()
        except duckdb.CatalogException:
            return {}
        return {name: type_name(type_) for name, type_, *_ in rows}

    def check_source(self, source: Source) -> None:
        """Check that the source table has its columns, or close and raise `InvalidHome`."""
        problem = source_problem(self.db, source)
        if problem:
            self.close()
            raise InvalidHome(problem)

    def insert_source(
        self,
        files: Mapping[str, StagedRows],
        source: Source,
        further: Mapping[str, str] | None = None,
    ) -> set[str]:
        """Add the rows of NDJSON files, by their job ids, to the source table: all, or none.

        `further` are columns beside those of ours, by their type; what is missing is created. A
        file is added once per job id. Returns the job ids of those that were added.
        """
        added = [Column(name=name, type=TYPES[kind]) for name, kind in (further or {}).items()]
        known = {name.lower() for name in self.columns(source.table)} if added else set()
        free = {job_id: self._free_suffix(job_id) for job_id in files}
        new = {job_id: name for job_id, name in free.items() if name is not None}
        self.db.execute("BEGIN TRANSACTION")
        try:
            for column in added if new else ():
                if column.name.lower() not in known:
                    self.db.execute(add_column(source.table, column))
            for job_id, name in new.items():
                self.db.execute(insert_source(files[job_id], source, added))
                self._end_job(name, "done")
            self.db.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        return {*new}

    def _free_suffix(self, job_id: str) -> str | None:
        """Return the id to run under; None if the job is done. The id of a failed job is used up."""
        rows = self.db.execute(parsed(_TRIES), [job_id]).fetchall()
        tries = [state for name, state in rows if number_of_try(job_id, name) is not None]
        return None if "done" in tries else job_try(job_id, len(tries) + 1)

    def _end_job(self, name: str, state: str) -> None:
        now = _plain(self._clock())
        self.db.execute(parsed("INSERT INTO local_jobs VALUES ($1, $2, $3)"), [name, state, now])

    def _roll_back(self) -> None:
        with suppress(duckdb.Error):  # DuckDB ends a transaction itself when the disk fails
            self.db.execute("ROLLBACK")

    def _fail(self, name: str, error: duckdb.Error) -> None:
        self._roll_back()
        if isinstance(error, duckdb.TransactionException):
            raise Redeliver(f"job {name}: a concurrent transaction conflicts") from error
        self._end_job(name, "failed")
        raise Redeliver(f"job {name} failed: {type(error).__name__}") from error

    def _drop_temporary(self, statements: Sequence[Statement]) -> None:
        for statement in statements:
            if statement.temp_table:
                self.db.execute(parsed(f'DROP TABLE IF EXISTS temp."{statement.temp_table}"'))

    def _run(
        self, db: duckdb.DuckDBPyConnection, sql: str, params: Params
    ) -> duckdb.DuckDBPyConnection:
        (statement,) = translate(sql)
        return self._execute(db, statement, params)

    def _execute(
        self, db: duckdb.DuckDBPyConnection, statement: Statement, params: Params
    ) -> duckdb.DuckDBPyConnection:
        return execute(db, statement, {"now": self._clock(), **params})


def execute(
    db: duckdb.DuckDBPyConnection, statement: Statement, params: Params
) -> duckdb.DuckDBPyConnection:
    """Execute a statement with its parameters. Raises `KeyError` for a missing one."""
    missing = statement.parameters - params.keys()
    if missing:
        raise KeyError(f"parameter {sorted(missing)[0]} is missing")
    values = {name: _plain(params[name]) for name in statement.parameters}
    integers = frozenset(name for name, value in values.items() if type(value) is int)
    return db.execute(parsed(statement.sql, integers), values)


@lru_cache(maxsize=1_000)
def parsed(sql: str, integers: frozenset[str] = frozenset()) -> duckdb.Statement:
    """Parse a statement once. DuckDB binds and plans it again at each execution.

    The parameters in `integers` have 64 bits, as every integer of BigQuery has: DuckDB would give a
    small one 32. A cast in the text, because each `duckdb.Value` looks for numpy on the disk.
    The cache has a limit, because the name of a staging table makes a statement that never returns.
    """
    if integers:
        sql = re.sub(rf"\$({'|'.join(sorted(integers))})\b", r"CAST($\1 AS BIGINT)", sql)
    (statement,) = duckdb.extract_statements(sql)
    return statement


@lru_cache(maxsize=1)
def _read_file(path: Path) -> ReadFile:
    return ReadFile(path, SETTINGS)


def _connected(path: Path | None, file: ReadFile | None) -> duckdb.DuckDBPyConnection:
    try:
        return connect(path, SETTINGS) if file is None else file.connect()
    except duckdb.Error as error:
        if _IN_USE.search(str(error)):
            raise HomeInUse(f"{path} is open in another process") from error
        raise InvalidHome(
            f"{path} cannot be opened ({str(error).splitlines()[0]}): end the process that has it "
            "open, restore it from a copy, or name another folder with --home"
        ) from error


_IN_USE = re.compile(r"Conflicting lock|already attached|different configuration")
"""How DuckDB refuses a file that another process, or another part of this one, has open."""
_STAGING = re.compile(r"\b[a-z]++_staging_\d+\b")
_TRIES = "SELECT job_id, state FROM local_jobs WHERE starts_with(job_id, $1)"
_OLD_STAGING = "SELECT name FROM local_staging WHERE made_at < $1"


def staging_tables(script: str) -> set[str]:
    """Return the staging tables that a script names. Most name none: a search for a word tells."""
    return {*_STAGING.findall(script)} if "_staging_" in script else set()


def translated(script: str, staging: set[str]) -> tuple[Statement, ...]:
    """Translate with one name for its staging table, so that `translate` caches the script."""
    if not staging:
        return translate(script)
    (name,) = staging
    statements = translate(script.replace(name, _ANY_STAGING))
    return tuple(replace(s, sql=s.sql.replace(_ANY_STAGING, name)) for s in statements)


_ANY_STAGING = "any_staging_0"


def _insert_from(path: Path, table: str, columns: Sequence[Column]) -> str:
    return f'INSERT INTO "{table}" BY NAME SELECT * FROM {read_json(path, columns)}'  # noqa: S608


def next_name(db: duckdb.DuckDBPyConnection) -> str:
    """Return a number that this file has not used in a name yet."""
    db.execute("CREATE SEQUENCE IF NOT EXISTS local_names")
    row = db.execute("SELECT nextval('local_names')").fetchone()
    return str(row[0]) if row else "0"


def _plain(value: Any) -> Any:
    """Return a time in UTC without a zone, as DuckDB stores it; `_zoned` adds the zone again."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


def _rows(cursor: duckdb.DuckDBPyConnection, rows: Sequence[tuple[Any, ...]]) -> list[Row]:
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, map(_zoned, row), strict=True)) for row in rows]


def _zoned(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    return value
