"""The restore script: names of tables as they were, the SQL, and arguments."""

from datetime import UTC, datetime
from typing import Any, cast

import pytest
import sqlglot
from google.api_core.exceptions import NotFound
from google.cloud.bigquery import Client

from scripts.restore import decorated, gone, main
from tracking.tables import layouts

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class FakeClient:
    """Keeps what is asked; it knows the tables of one dataset, and answers each count with 3."""

    def __init__(self, *tables: str) -> None:
        self.tables, self.copies, self.statements = (
            set(tables),
            list[tuple[str, str, str]](),
            list[str](),
        )

    def list_tables(self, dataset: str) -> list[Any]:
        return []

    def get_table(self, path: str) -> Any:
        if path not in self.tables:
            raise NotFound(path)
        field = type("Field", (), {"name": "run_id"})
        return type("Table", (), {"num_rows": 5, "schema": [field, field]})

    def copy_table(self, source: str, target: str, job_config: Any) -> Any:
        if source.partition("@")[0] not in self.tables:
            raise NotFound(source)
        self.copies.append((source, target, job_config.write_disposition))
        self.tables.add(target)
        return type("Job", (), {"result": lambda self: None})()

    def query_and_wait(self, sql: str) -> list[Any]:
        self.statements.append(sql)
        return [{"gone": 3}]

    def query(self, sql: str) -> Any:
        self.statements.append(sql)
        return type("Job", (), {"result": lambda self: None, "num_dml_affected_rows": 3})()


def run(client: FakeClient, *words: str) -> int:
    return main(words, cast("Client", client))


def test_a_table_as_it_was_is_named_by_milliseconds() -> None:
    """A copy job takes no other form; without a time it is the table as it is."""
    assert "p.d.claims@1772442000000" == decorated("p.d.claims", AT)
    assert "p.d.claims" == decorated("p.d.claims", None)


def test_a_copy_of_a_time_takes_every_table_of_that_one_moment(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Over what an earlier copy left; a table that is not there is named, and the rest goes on."""
    client = FakeClient("p.d.claims", "p.d.events")

    assert 0 == run(client, "copy", "p.d", "p.e", "--at", "2026-03-02T10:00:00+01:00")

    moments = {source.partition("@")[2] for source, _, _ in client.copies}
    assert {"1772442000000"} == moments
    assert ["p.e.claims", "p.e.events"] == [target for _, target, _ in client.copies]
    assert {"WRITE_TRUNCATE"} == {how for _, _, how in client.copies}
    lines = capsys.readouterr().out.splitlines()
    assert ["claims", "5"] in [line.split() for line in lines]
    assert ["run_plans", "not", "there"] in [line.split() for line in lines]
    assert "planning_lock" not in " ".join(lines)
    assert "transcription_pass_2" not in " ".join(lines)


def test_rows_are_only_inserted_and_never_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    """A table that was dropped is copied whole, where none is."""
    client = FakeClient("p.e.claims", "p.e.events", "p.d.claims")

    run(client, "back", "p.e", "p.d")

    (sql,) = client.statements
    assert sql.startswith("INSERT INTO `p.d.claims` (`run_id`, `run_id`) SELECT")
    assert [("p.e.events", "p.d.events", "WRITE_EMPTY")] == client.copies
    assert ["claims", "3"] in [line.split() for line in capsys.readouterr().out.splitlines()]


def test_missing_rows_are_counted_and_nothing_is_changed() -> None:
    """Of the tables that were chosen."""
    client = FakeClient("p.e.claims", "p.e.events", "p.d.claims", "p.d.events")

    run(client, "missing", "p.e", "p.d", "--table", "claims")

    (sql,) = client.statements
    assert sql.startswith("SELECT COUNT(*) AS gone FROM `p.e.claims`")
    assert [] == client.copies


@pytest.mark.parametrize("table", sorted(layouts()))
def test_every_table_is_read_with_a_filter_on_its_partition(table: str) -> None:
    """On both sides: some refuse to be read without one."""
    sql = gone(table, "p.e", "p.d")
    partition = layouts()[table].partition

    assert sqlglot.parse_one(f"SELECT 1 {sql}", read="bigquery")
    assert (2 if partition else 0) == sql.count(f".{partition} >= '1900-01-01'")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("copy", "troupe", "p.e"), "'troupe' is not PROJECT.DATASET"),
        (("copy", "p.d", "p.e", "--at", "yesterday"), "'yesterday' is not a time such as"),
        (("copy", "p.d", "p.e", "--at", "2026-03-02T09:00:00"), "is not a time such as"),
        (("everything", "p.d", "p.e"), "invalid choice: 'everything'"),
    ],
)
def test_a_mistake_is_named(
    words: tuple[str, ...], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the argument, and what it should be."""
    with pytest.raises(SystemExit) as ended:
        run(FakeClient(), *words)

    assert 2 == ended.value.code
    assert problem in capsys.readouterr().err
