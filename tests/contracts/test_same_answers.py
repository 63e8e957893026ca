"""One story told to both warehouses: the same rows, and the same answer to every query."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.contracts.differences import SAME_ANSWERS, expect
from tests.contracts.recording import Story, at, plain, tell_again, tell_story
from tests.emulators.servers import BigQueryServer
from tests.local.fakes import HeldClock
from tests.tracking.test_statements import NAMES, PARAMS
from tracking.statements import query, statement_names
from tracking.tables import layouts
from troupe.backends.local.warehouse import LocalWarehouse

if TYPE_CHECKING:
    from tests.contracts.cloud_bench import CloudBench


@dataclass(slots=True)
class Replayed:
    """The story, and the warehouse that it was told to again."""

    story: Story
    bench: "CloudBench"
    done: list[bool]
    local: LocalWarehouse
    """With the very rows that the other one holds."""


@pytest.fixture(scope="module")
def replayed(
    bigquery_server: BigQueryServer, storage_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Replayed]:
    pytest.importorskip("google.cloud.bigquery", reason="pip install troupe[gcp]")
    from tests.contracts.cloud_bench import CloudBench

    story = tell_story(tmp_path_factory.mktemp("story") / "home")
    bench = CloudBench(bigquery_server, storage_server)
    done = tell_again(story, bench.warehouse, bench.bucket)
    clock = HeldClock()
    clock.pass_((story.now - clock()).total_seconds())
    local = LocalWarehouse(None, clock)
    for table, rows in story.tables.items():
        if rows:
            local.append(table, rows)
    yield Replayed(story, bench, done, local)
    local.close()
    bench.close()


@pytest.fixture(autouse=True)
def differences(request: pytest.FixtureRequest) -> None:
    """What is known to be different is expected to be."""
    expect(request, SAME_ANSWERS)


def test_every_transaction_is_done_once(replayed: Replayed) -> None:
    """Each was done on the laptop, and is done here."""
    assert replayed.done
    assert all(replayed.done)


@pytest.mark.parametrize("table", list(layouts()))
def test_the_same_story_leaves_the_same_rows(replayed: Replayed, table: str) -> None:
    """After plans, closings, claims, reports, a clearing and a forgetting."""
    asked = f"SELECT * FROM {table} {_every_partition(table)}"  # noqa: S608

    there = replayed.bench.warehouse.query(asked, {})

    assert replayed.story.tables[table], f"the story leaves no row in {table}"
    assert plain(replayed.story.tables[table]) == plain(there)


ASKED = [
    (name, run)
    for name in statement_names("queries")
    for run in (("r1", "r5") if "@run_id" in query(name, **NAMES) else ("r1",))
]


@pytest.mark.parametrize(("name", "run"), ASKED)
def test_every_query_has_the_same_answer(replayed: Replayed, name: str, run: str) -> None:
    """Times and floats included; not their order, for in this story many things are at one time."""
    sql = query(name, **NAMES)
    params = _params(replayed.story, run)

    here = replayed.local.query(sql, params)
    there = replayed.bench.warehouse.query(at(sql, replayed.story.now), params)

    assert plain(here) == plain(there)


def _params(story: Story, run: str) -> dict[str, object]:
    """Everything that a query may name, taken from what the story left."""
    event = next(row for row in story.tables["events"] if row["run_id"] == run)
    member = story.tables["processed_records"][0]
    return PARAMS | {
        "run_id": run,
        "planned_on": story.now.date(),
        "event_id": event["event_id"],
        "event_ids": [row["event_id"] for row in story.tables["events"][:5]],
        "record_id": member["record_id"],
        "record_ids": [],
        "phone_number_token": member["phone_number_token"],
        "batch": 1,
        "attempt": 2 if run == "r1" else 1,
    }


def _every_partition(table: str) -> str:
    layout = layouts()[table]
    return f"WHERE {layout.partition} >= '2000-01-01'" if layout.require_partition_filter else ""
