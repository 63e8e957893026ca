"""The forms of the warehouse."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from handlers.dispatch.errors import Redeliver
from handlers.ports import Bucket
from tests.contracts.differences import BIGQUERY, expect
from tests.contracts.suites import STAGED, Bench, WarehouseSuite
from tests.emulators.servers import BigQueryServer
from tests.local.fakes import HeldClock
from tracking import Warehouse
from tracking.statements import transaction
from tracking.tables import layouts
from troupe.backends.local.bucket import LocalBucket
from troupe.backends.local.warehouse import LocalWarehouse

if TYPE_CHECKING:
    from tests.contracts.cloud_bench import CloudBench


class LocalBench:
    """DuckDB in memory under a held clock."""

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
def one_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBench]:
    made = LocalBench(tmp_path_factory.mktemp("bucket"))
    yield made
    made.local.close()


@pytest.fixture
def local_bench(one_bench: LocalBench) -> LocalBench:
    one_bench.empty()
    return one_bench


@pytest.fixture(scope="module")
def one_cloud_bench(bigquery_server: BigQueryServer, storage_server: str) -> Iterator["CloudBench"]:
    pytest.importorskip("google.cloud.bigquery", reason="pip install troupe[gcp]")
    from tests.contracts.cloud_bench import CloudBench

    made = CloudBench(bigquery_server, storage_server, ("claims", "events", "planning_lock"))
    yield made
    made.close()


@pytest.fixture
def cloud_bench(one_cloud_bench: "CloudBench") -> "CloudBench":
    one_cloud_bench.empty()
    return one_cloud_bench


class TestLocalWarehouse(WarehouseSuite):
    """One DuckDB."""

    @pytest.fixture
    def bench(self, local_bench: LocalBench) -> Bench:
        return local_bench


class TestBigQuery(WarehouseSuite):
    """Google's clients, and a server that speaks their languages."""

    @pytest.fixture
    def bench(self, cloud_bench: "CloudBench") -> Bench:
        return cloud_bench

    @pytest.fixture(autouse=True)
    def differences(self, request: pytest.FixtureRequest) -> None:
        expect(request, BIGQUERY)


# What only the laptop can show


def states(bench: LocalBench) -> list[tuple[str, str]]:
    return bench.local.db.execute("SELECT job_id, state FROM local_jobs ORDER BY job_id").fetchall()


def test_every_failure_takes_the_next_suffix(local_bench: LocalBench) -> None:
    """As BigQuery's own job ids cannot be used twice."""
    suite = TestLocalWarehouse()
    for _ in range(2):
        with pytest.raises(Exception, match="failed"):
            suite.run_once(local_bench, "job", suite.BROKEN)
    suite.run_once(local_bench, "job")

    assert [("job", "failed"), ("job__r2", "failed"), ("job__r3", "done")] == states(local_bench)


def test_the_row_of_a_job_id_commits_with_its_transaction(tmp_path: Path) -> None:
    """A copy of the file at any time holds both or neither."""
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


def test_a_transaction_whose_job_row_cannot_be_written_is_not_done(local_bench: LocalBench) -> None:
    """Neither can stand alone."""
    suite, db = TestLocalWarehouse(), local_bench.local.db
    db.execute("ALTER TABLE local_jobs RENAME TO hidden")
    db.execute("CREATE VIEW local_jobs AS SELECT * FROM hidden")
    try:
        with pytest.raises(Exception, match=r".+"):
            suite.run_once(local_bench, "job")
        db.execute("SELECT 1")
    finally:
        db.execute("DROP VIEW local_jobs")
        db.execute("ALTER TABLE hidden RENAME TO local_jobs")

    assert [] == suite.claims(local_bench)
    assert suite.run_once(local_bench, "job")


def test_staging_tables_live_for_a_day(local_bench: LocalBench) -> None:
    """As in a dataset with default expiration; then the next load clears them away."""
    suite = TestLocalWarehouse()
    old = suite.load(local_bench, [b'{"job":1,"line":1}\n'])
    local_bench.pass_(86_000)
    young = suite.load(local_bench, [b'{"job":2,"line":1}\n'])
    local_bench.pass_(1_000)
    suite.load(local_bench, [b'{"job":3,"line":1}\n'])

    tables = {name for (name,) in local_bench.local.db.execute(
        "SELECT table_name FROM information_schema.tables"
    ).fetchall()}  # fmt: skip
    assert (False, True) == (old in tables, young in tables)


def test_a_failed_load_leaves_no_rows_behind(local_bench: LocalBench) -> None:
    """Not even of the files before the bad one."""
    suite = TestLocalWarehouse()
    with pytest.raises(Exception, match=r".+"):
        suite.load(local_bench, [b'{"job":1,"line":1}\n'], [b"broken\n"])

    tables = local_bench.local.db.execute(
        "SELECT name FROM local_staging JOIN information_schema.tables ON table_name = name"
    ).fetchall()
    rows = [local_bench.local.db.execute(f'FROM "{name}"').fetchall() for (name,) in tables]
    assert [] == [row for each in rows for row in each]


def test_the_clock_of_the_local_backend_is_the_one_that_is_given(local_bench: LocalBench) -> None:
    """However deep the query for the time stands in a statement."""
    (row,) = local_bench.warehouse.query(
        "SELECT CURRENT_TIMESTAMP() AS now, CURRENT_DATE() AS today, "
        "COUNTIF(x < CURRENT_TIMESTAMP()) AS past, "
        "DIV(UNIX_SECONDS(CURRENT_TIMESTAMP()), 1) AS seconds "
        "FROM UNNEST([@now, TIMESTAMP_SUB(@now, INTERVAL 1 SECOND)]) AS x",
        {"now": local_bench.clock()},
    )

    now = local_bench.clock()
    assert (now, now.date(), 1, int(now.timestamp())) == (
        row["now"], row["today"], row["past"], row["seconds"],
    )  # fmt: skip


# What only a server can show

UPDATE = "BEGIN TRANSACTION; UPDATE planning_lock SET plans = plans + 1 WHERE TRUE; {more} COMMIT;"


def at_once(*calls: Callable[[], bool]) -> list[bool | None]:
    """What each said; None where it was told to come again."""

    def said(call: Callable[[], bool]) -> bool | None:
        try:
            return call()
        except Redeliver:
            return None

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(said, calls))


@pytest.fixture
def locked(cloud_bench: "CloudBench") -> "CloudBench":
    """The row that every plan changes first."""
    cloud_bench.client.query_and_wait(f"TRUNCATE TABLE `{cloud_bench.dataset}.planning_lock`")
    cloud_bench.warehouse.run_once("found", transaction("create_deployment"), {"deployment": "d1"})
    return cloud_bench


def plans(bench: "CloudBench") -> int:
    ((row),) = bench.warehouse.query("SELECT plans FROM planning_lock", {})
    number: int = row["plans"]
    return number


def test_transactions_that_change_one_row_exclude_each_other(locked: "CloudBench") -> None:
    """Each is done or comes again; what was done is there, and no more."""
    script = UPDATE.format(more="")
    transactions = [
        partial(locked.warehouse.run_once, f"job{number}", script, {}) for number in range(3)
    ]

    said = at_once(*transactions)
    later = [each() if was is None else was for each, was in zip(transactions, said, strict=True)]

    assert [True] * 3 == later
    assert 3 == plans(locked)


def test_what_was_updated_before_an_error_is_as_it_was(locked: "CloudBench") -> None:
    """An update is rolled back like an insert."""
    with pytest.raises(Redeliver):
        locked.warehouse.run_once("job", UPDATE.format(more="SELECT ERROR('no');"), {})

    assert 0 == plans(locked)


def test_a_client_that_gave_up_waiting_did_not_stop_the_job(
    locked: "CloudBench", monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next delivery finds it under the same id; it never runs twice."""
    script = UPDATE.format(more="")
    with monkeypatch.context() as hurried:
        hurried.setattr("troupe.backends.gcp.warehouse.CALL_SECONDS", 0.001)
        with pytest.raises(Redeliver):
            locked.warehouse.run_once("job", script, {})
    locked.wait_for_job("job")

    assert not locked.warehouse.run_once("job", script, {})
    assert 1 == plans(locked)


def test_a_stream_that_was_closed_is_opened_again(cloud_bench: "CloudBench") -> None:
    """The service closes an idle one."""
    suite = TestBigQuery()
    cloud_bench.warehouse.append("events", [suite.event(1)])
    cloud_bench.stream.close()

    cloud_bench.warehouse.append("events", [suite.event(2)])

    assert [1, 2] == suite.events(cloud_bench)


def test_many_threads_append_to_one_stream(cloud_bench: "CloudBench") -> None:
    """Each hears when its own rows are there."""
    suite = TestBigQuery()

    def append(number: int) -> list[int]:
        cloud_bench.warehouse.append("events", [suite.event(number)])
        return suite.events(cloud_bench)

    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(append, range(8)))

    assert all(number in events for number, events in enumerate(seen))
    assert list(range(8)) == suite.events(cloud_bench)


def test_a_loaded_table_lies_in_the_staging_dataset(cloud_bench: "CloudBench") -> None:
    """Whose tables expire by themselves."""
    suite = TestBigQuery()

    name = suite.load(cloud_bench, [b'{"job":1,"line":1}\n'])

    assert (
        f"{cloud_bench.settings.project}.{cloud_bench.settings.staging_dataset}"
        == (name.rpartition(".")[0])
    )


def test_the_same_objects_are_loaded_once(cloud_bench: "CloudBench") -> None:
    """A delivery that comes again finds the table of the one before."""
    blob = cloud_bench.bucket.write_once("staging/once.ndjson", [b'{"job":1,"line":1}\n'])

    one, two = (cloud_bench.warehouse.load("staged", STAGED, [blob.uri]) for _ in range(2))

    assert one == two
    assert [{"n": 1}] == cloud_bench.warehouse.query(f"SELECT COUNT(*) AS n FROM `{one}`", {})  # noqa: S608
