"""The warehouse in both forms, and tests of one form alone."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from handlers.dispatch.errors import Redeliver
from handlers.ports import Bucket
from tests.contracts.differences import BIGQUERY, expect
from tests.contracts.warehouse_suite import STAGED, WarehouseHarness, WarehouseSuite
from tests.emulators.servers import BigQueryServer
from tests.local.fakes import HeldClock
from tracking import Warehouse
from tracking.statements import transaction
from tracking.tables import layouts
from troupe.backends.local.bucket import LocalBucket
from troupe.backends.local.warehouse import LocalWarehouse

if TYPE_CHECKING:
    from tests.contracts.bigquery_harness import BigQueryHarness


class DuckDbHarness:
    """DuckDB in memory, with a clock that the test moves."""

    def __init__(self, folder: Path) -> None:
        self.clock = HeldClock()
        self.local = LocalWarehouse(None, self.clock, LocalBucket(folder))
        self.warehouse: Warehouse = self.local
        self.bucket: Bucket = LocalBucket(folder)

    def pass_(self, seconds: float) -> None:
        self.clock.pass_(seconds)

    def empty(self) -> None:
        for table in (*layouts(), "local_jobs", "local_staging"):
            self.local.db.execute(f'DELETE FROM "{table}"')  # noqa: S608


@pytest.fixture(scope="module")
def shared_duckdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDbHarness]:
    made = DuckDbHarness(tmp_path_factory.mktemp("bucket"))
    yield made
    made.local.close()


@pytest.fixture
def duckdb(shared_duckdb: DuckDbHarness) -> DuckDbHarness:
    shared_duckdb.empty()
    return shared_duckdb


@pytest.fixture(scope="module")
def shared_bigquery(
    bigquery_server: BigQueryServer, storage_server: str
) -> Iterator["BigQueryHarness"]:
    pytest.importorskip("google.cloud.bigquery", reason="pip install troupe[gcp]")
    from tests.contracts.bigquery_harness import BigQueryHarness

    made = BigQueryHarness(bigquery_server, storage_server, ("claims", "events", "planning_lock"))
    yield made
    made.close()


@pytest.fixture
def bigquery(shared_bigquery: "BigQueryHarness") -> "BigQueryHarness":
    shared_bigquery.empty()
    return shared_bigquery


class TestLocalWarehouse(WarehouseSuite):
    """The local backend's warehouse: DuckDB."""

    @pytest.fixture
    def harness(self, duckdb: DuckDbHarness) -> WarehouseHarness:
        return duckdb


class TestBigQuery(WarehouseSuite):
    """The cloud backend's warehouse: Google's clients and an emulator."""

    @pytest.fixture
    def harness(self, bigquery: "BigQueryHarness") -> WarehouseHarness:
        return bigquery

    @pytest.fixture(autouse=True)
    def differences(self, request: pytest.FixtureRequest) -> None:
        expect(request, BIGQUERY)


# DuckDB alone


def states(harness: DuckDbHarness) -> list[tuple[str, str]]:
    return harness.local.db.execute(
        "SELECT job_id, state FROM local_jobs ORDER BY job_id"
    ).fetchall()


def test_every_failure_takes_the_next_suffix(duckdb: DuckDbHarness) -> None:
    """BigQuery does not accept a job id twice, not even of a failed job."""
    suite = TestLocalWarehouse()
    for _ in range(2):
        with pytest.raises(Exception, match="failed"):
            suite.run_once(duckdb, "job", suite.BROKEN)
    suite.run_once(duckdb, "job")

    assert [("job", "failed"), ("job__r2", "failed"), ("job__r3", "done")] == states(duckdb)


def test_the_row_of_a_job_id_commits_with_its_transaction(tmp_path: Path) -> None:
    """A copy of the file holds both or neither."""
    clock = HeldClock()
    file = tmp_path / "w.duckdb"
    warehouse = LocalWarehouse(file, clock, LocalBucket(tmp_path / "b"))
    script = TestLocalWarehouse.CLAIM
    warehouse.run_once("job", script, {"run_id": "r", "batch": 1})
    warehouse.close()

    reopened = LocalWarehouse(file, clock, LocalBucket(tmp_path / "b"))

    assert not reopened.run_once("job", script, {"run_id": "r", "batch": 1})
    assert [{"n": 1}] == reopened.query("SELECT COUNT(*) AS n FROM claims", {})
    reopened.close()


def test_a_transaction_whose_job_row_cannot_be_written_is_rolled_back(
    duckdb: DuckDbHarness,
) -> None:
    """And may run again."""
    suite, db = TestLocalWarehouse(), duckdb.local.db
    db.execute("ALTER TABLE local_jobs RENAME TO hidden")
    db.execute("CREATE VIEW local_jobs AS SELECT * FROM hidden")
    try:
        with pytest.raises(Exception, match=r".+"):
            suite.run_once(duckdb, "job")
        db.execute("SELECT 1")
    finally:
        db.execute("DROP VIEW local_jobs")
        db.execute("ALTER TABLE hidden RENAME TO local_jobs")

    assert [] == suite.claims(duckdb)
    assert suite.run_once(duckdb, "job")


def test_staging_tables_live_for_a_day(duckdb: DuckDbHarness) -> None:
    """As with a dataset's default expiration; the next load drops older ones."""
    suite = TestLocalWarehouse()
    old = suite.load(duckdb, [b'{"job":1,"line":1}\n'])
    duckdb.pass_(86_000)
    young = suite.load(duckdb, [b'{"job":2,"line":1}\n'])
    duckdb.pass_(1_000)
    suite.load(duckdb, [b'{"job":3,"line":1}\n'])

    tables = {name for (name,) in duckdb.local.db.execute(
        "SELECT table_name FROM information_schema.tables"
    ).fetchall()}  # fmt: skip
    assert (False, True) == (old in tables, young in tables)


def test_a_failed_load_leaves_no_rows_behind(duckdb: DuckDbHarness) -> None:
    """Also none of the files before the invalid one."""
    suite = TestLocalWarehouse()
    with pytest.raises(Exception, match=r".+"):
        suite.load(duckdb, [b'{"job":1,"line":1}\n'], [b"broken\n"])

    tables = duckdb.local.db.execute(
        "SELECT name FROM local_staging JOIN information_schema.tables ON table_name = name"
    ).fetchall()
    rows = [duckdb.local.db.execute(f'FROM "{name}"').fetchall() for (name,) in tables]
    assert [] == [row for each in rows for row in each]


def test_statements_use_the_clock_of_the_backend(duckdb: DuckDbHarness) -> None:
    """Also where CURRENT_TIMESTAMP() is nested in other functions."""
    (row,) = duckdb.warehouse.query(
        "SELECT CURRENT_TIMESTAMP() AS now, CURRENT_DATE() AS today, "
        "COUNTIF(x < CURRENT_TIMESTAMP()) AS past, "
        "DIV(UNIX_SECONDS(CURRENT_TIMESTAMP()), 1) AS seconds "
        "FROM UNNEST([@now, TIMESTAMP_SUB(@now, INTERVAL 1 SECOND)]) AS x",
        {"now": duckdb.clock()},
    )

    now = duckdb.clock()
    assert (now, now.date(), 1, int(now.timestamp())) == (
        row["now"], row["today"], row["past"], row["seconds"],
    )  # fmt: skip


# BigQuery alone

UPDATE = "BEGIN TRANSACTION; UPDATE planning_lock SET plans = plans + 1 WHERE TRUE; {more} COMMIT;"


def at_once(*calls: Callable[[], bool]) -> list[bool | None]:
    """The result of each call; None where it raised `Redeliver`."""

    def result(call: Callable[[], bool]) -> bool | None:
        try:
            return call()
        except Redeliver:
            return None

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(result, calls))


@pytest.fixture
def locked(bigquery: "BigQueryHarness") -> "BigQueryHarness":
    """With the row of `planning_lock` that every plan updates first."""
    bigquery.client.query_and_wait(f"TRUNCATE TABLE `{bigquery.dataset}.planning_lock`")
    bigquery.warehouse.run_once("found", transaction("create_deployment"), {"deployment": "d1"})
    return bigquery


def plans(harness: "BigQueryHarness") -> int:
    ((row),) = harness.warehouse.query("SELECT plans FROM planning_lock", {})
    number: int = row["plans"]
    return number


def test_transactions_that_change_one_row_exclude_each_other(locked: "BigQueryHarness") -> None:
    """Each is committed or raises `Redeliver`, and each change happens once."""
    script = UPDATE.format(more="")
    transactions = [
        partial(locked.warehouse.run_once, f"job{number}", script, {}) for number in range(3)
    ]

    first = at_once(*transactions)
    later = [each() if was is None else was for each, was in zip(transactions, first, strict=True)]

    assert [True] * 3 == later
    assert 3 == plans(locked)


def test_an_update_before_an_error_is_rolled_back(locked: "BigQueryHarness") -> None:
    """As an insert is."""
    with pytest.raises(Redeliver):
        locked.warehouse.run_once("job", UPDATE.format(more="SELECT ERROR('no');"), {})

    assert 0 == plans(locked)


def test_a_timed_out_client_does_not_stop_the_job(
    locked: "BigQueryHarness", monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next delivery finds it under the same id, so it does not run twice."""
    script = UPDATE.format(more="")
    with monkeypatch.context() as hurried:
        hurried.setattr("troupe.backends.gcp.warehouse.CALL_SECONDS", 0.001)
        with pytest.raises(Redeliver):
            locked.warehouse.run_once("job", script, {})
    locked.wait_for_job("job")

    assert not locked.warehouse.run_once("job", script, {})
    assert 1 == plans(locked)


def test_a_stream_that_was_closed_is_opened_again(bigquery: "BigQueryHarness") -> None:
    """The service closes idle streams."""
    suite = TestBigQuery()
    bigquery.warehouse.append("events", [suite.event(1)])
    bigquery.stream.close()

    bigquery.warehouse.append("events", [suite.event(2)])

    assert [1, 2] == suite.events(bigquery)


def test_many_threads_append_to_one_stream(bigquery: "BigQueryHarness") -> None:
    """Each thread sees its own rows when its append returns."""
    suite = TestBigQuery()

    def append(number: int) -> list[int]:
        bigquery.warehouse.append("events", [suite.event(number)])
        return suite.events(bigquery)

    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(append, range(8)))

    assert all(number in events for number, events in enumerate(seen))
    assert list(range(8)) == suite.events(bigquery)


def test_a_loaded_table_is_in_the_staging_dataset(bigquery: "BigQueryHarness") -> None:
    """Its tables expire by themselves."""
    suite = TestBigQuery()

    name = suite.load(bigquery, [b'{"job":1,"line":1}\n'])

    assert (
        f"{bigquery.settings.project}.{bigquery.settings.staging_dataset}"
        == (name.rpartition(".")[0])
    )


def test_the_same_objects_are_loaded_once(bigquery: "BigQueryHarness") -> None:
    """A redelivered message finds the table of the first delivery."""
    blob = bigquery.bucket.write_once("staging/once.ndjson", [b'{"job":1,"line":1}\n'])

    one, two = (bigquery.warehouse.load("staged", STAGED, [blob.uri]) for _ in range(2))

    assert one == two
    assert [{"n": 1}] == bigquery.warehouse.query(f"SELECT COUNT(*) AS n FROM `{one}`", {})  # noqa: S608
