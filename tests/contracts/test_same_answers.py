"""One scenario on both warehouses: the same rows, and the same result of every query."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.contracts.differences import LEFT_OUT, SAME_ANSWERS, expect
from tests.contracts.recording import RecordedScenario, at, plain, record_scenario, replay
from tests.emulators.servers import BigQueryServer
from tests.local.fakes import HeldClock
from tests.tracking.test_statements import NAMES, PARAMS
from tracking.statements import query, statement_names
from tracking.tables import layouts
from troupe.backends.local.warehouse import LocalWarehouse

if TYPE_CHECKING:
    from tests.contracts.bigquery_harness import BigQueryHarness


@dataclass(slots=True)
class ReplayedScenario:
    """A recorded scenario, and the warehouses that it was replayed on."""

    scenario: RecordedScenario
    harness: "BigQueryHarness"
    done: list[bool]
    local: LocalWarehouse
    """DuckDB with the rows that the recorded scenario left."""


@pytest.fixture(scope="module")
def replayed(
    bigquery_server: BigQueryServer, storage_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ReplayedScenario]:
    pytest.importorskip("google.cloud.bigquery", reason="pip install troupe[gcp]")
    from tests.contracts.bigquery_harness import BigQueryHarness

    scenario = record_scenario(tmp_path_factory.mktemp("scenario") / "home")
    harness = BigQueryHarness(bigquery_server, storage_server)
    done = replay(scenario, harness.warehouse, harness.bucket)
    clock = HeldClock()
    clock.pass_((scenario.now - clock()).total_seconds())
    local = LocalWarehouse(None, clock)
    for table, rows in scenario.tables.items():
        if rows:
            local.append(table, rows)
    yield ReplayedScenario(scenario, harness, done, local)
    local.close()
    harness.close()


@pytest.fixture(autouse=True)
def differences(request: pytest.FixtureRequest) -> None:
    """Expect the known differences."""
    expect(request, SAME_ANSWERS)


def test_every_transaction_runs_once(replayed: ReplayedScenario) -> None:
    """Each ran in the recording, and runs in the replay."""
    assert replayed.done
    assert all(replayed.done)


@pytest.mark.parametrize("table", list(layouts()))
def test_the_same_scenario_leaves_the_same_rows(replayed: ReplayedScenario, table: str) -> None:
    """After plans, closings, claims, reports, a cleared history and a forgotten person."""
    sql = f"SELECT * FROM {table} {_every_partition(table)}"  # noqa: S608

    there = replayed.harness.warehouse.query(sql, {})

    assert replayed.scenario.tables[table], f"the scenario leaves no row in {table}"
    assert plain(replayed.scenario.tables[table]) == plain(there)


CASES = [
    (name, run)
    for name in statement_names("queries")
    for run in (("r1", "r5") if "@run_id" in query(name, **NAMES) else ("r1",))
]


@pytest.mark.parametrize(("name", "run"), CASES)
def test_every_query_has_the_same_answer(replayed: ReplayedScenario, name: str, run: str) -> None:
    """Times and floats included. Rows are compared without order, as many have the same time."""
    sql = query(name, **NAMES)
    params = _params(replayed.scenario, run)

    left_out = LEFT_OUT.get(name, "")
    assert left_out in sql

    here = replayed.local.query(sql, params)
    there = replayed.harness.warehouse.query(
        at(sql.replace(left_out, "") if left_out else sql, replayed.scenario.now), params
    )

    assert plain(here) == plain(there)


def _params(scenario: RecordedScenario, run: str) -> dict[str, object]:
    """A value for every parameter of the queries, from the rows of the scenario."""
    event = next(row for row in scenario.tables["events"] if row["run_id"] == run)
    member = scenario.tables["processed_records"][0]
    return PARAMS | {
        "run_id": run,
        "planned_on": scenario.now.date(),
        "event_id": event["event_id"],
        "event_ids": [row["event_id"] for row in scenario.tables["events"][:5]],
        "record_id": member["record_id"],
        "record_ids": [],
        "phone_number_token": member["phone_number_token"],
        "batch": 1,
        "attempt": 2 if run == "r1" else 1,
    }


def _every_partition(table: str) -> str:
    layout = layouts()[table]
    return f"WHERE {layout.partition} >= '2000-01-01'" if layout.require_partition_filter else ""
