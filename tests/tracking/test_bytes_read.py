"""What statements read on BigQuery's terms: columns times partitions, from the SQL alone."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from scripts.bytes_read import LARGE, LONG, SMALL, growing, main, reads, reads_of
from tests.harness import LocalHarness, calls
from tracking.statements import statement_names, statement_text

BATCHES = 3


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT batch FROM claims", (1, "all", "every run", ("history", "batches"))),
        (
            "SELECT batch FROM claims WHERE planned_on >= @since",
            (2, "look-back", "every run", ("batches",)),
        ),
        (
            "SELECT c.batch FROM claims AS c WHERE c.run_id = @run_id",
            (2, "all", "a run", ("batches",)),
        ),
        (
            (
                "SELECT state FROM claims "
                "WHERE planned_on = @planned_on AND run_id = @run_id AND batch = @batch"
            ),
            (4, "one", "a batch", ()),
        ),
        (
            "SELECT data FROM events WHERE run_id = @run_id AND topic = 'run-stopped'",
            (3, "all", "a batch", ()),
        ),
        (
            "SELECT data FROM events WHERE run_id = @run_id AND topic = 'job-submitted'",
            (3, "all", "a run", ("batches",)),
        ),
        (
            (
                "SELECT data FROM events "
                "WHERE run_id = @run_id AND topic IN ('job-submitted') AND batch = @batch"
            ),
            (4, "all", "a batch", ()),
        ),
        (
            "SELECT state FROM claims WHERE run_id = @run_id AND batch > @after",
            (3, "all", "a window", ()),
        ),
        # What BigQuery does not prune by: another table's column, OR, a later clustered column.
        (
            (
                "SELECT b.records FROM run_plans AS r JOIN batch_plans AS b ON b.run_id = r.run_id "
                "WHERE r.run_id = @run_id"
            ),
            (2, "all", "every run", ("history", "batches")),
        ),
        (
            "SELECT state FROM claims WHERE @run_id IS NULL OR run_id = @run_id",
            (2, "all", "a run", ("batches",)),
        ),
        (
            "SELECT record_id FROM transcription_analyzed_transcripts WHERE run_id = @run_id",
            (2, "all", "every run", ("history", "batches")),
        ),
        (
            "SELECT * FROM claims WHERE planned_on >= TIMESTAMP(@planned_on)",
            (7, "since the plan", "every run", ("batches",)),
        ),
    ],
)
def test_a_scan_is_limited_by_constants_alone(sql: str, expected: tuple[Any, ...]) -> None:
    """Its columns, its partitions, what the clustering leaves, and with what it grows."""
    read = reads_of("x", sql)[-1]

    assert expected == (read.columns, read.partitions, read.rows, read.grows_with)


def test_a_filter_of_an_outer_join_limits_the_joined_table_alone() -> None:
    """The other table is read as a whole."""
    whole, joined = reads_of(
        "x",
        "SELECT r.run_id, k.open FROM run_plans AS r LEFT JOIN attempt_closings AS k"
        " ON k.run_id = @run_id AND k.batch = @batch AND r.run_id = @run_id",
    )

    assert ("run_plans", "every run") == (whole.table, whole.rows)
    assert ("attempt_closings", "a batch") == (joined.table, joined.rows)


def test_units_follow_the_scale() -> None:
    """A longer history or more batches cost more where no constant limits them."""
    (read,) = reads_of("x", "SELECT batch FROM claims")

    assert (300, 30_000, 30_000) == tuple(read.units(each) for each in (SMALL, LONG, LARGE))


def test_every_statement_is_looked_at() -> None:
    """Each reads a table; three touch the planning lock alone, which has one row."""
    known = {*statement_names("queries"), *statement_names("transactions")}

    assert {"deployment", "create_deployment", "keep_unplanned"} == known - {
        read.statement for read in reads()
    }


def statements_of_a_batch(folder: Path) -> set[str]:
    """The statements that a run of more batches runs more often."""

    def counted(batches: int) -> Counter[str]:
        harness = LocalHarness(folder / str(batches))
        harness.load(calls(batches * 4))
        counts: Counter[str] = Counter()
        for kind in ("query", "stream", "run_once"):
            _count(harness.backend.warehouse, kind, counts)
        harness.complete(canary=4, rows_per_batch=4, concurrency=2, budget=50.0)
        harness.close()
        return counts

    few, more = counted(2), counted(2 + BATCHES)
    return {name for name in more if more[name] - few[name] >= BATCHES}


def _count(warehouse: Any, kind: str, counts: Counter[str]) -> None:
    method = getattr(warehouse, kind)

    def call(*given: Any) -> Any:
        (sql,) = (each for each in given if isinstance(each, str) and each.startswith("-- "))
        counts[_NAME_OF[sql.partition("\n")[0]]] += 1
        return method(*given)

    setattr(warehouse, kind, call)


_NAME_OF = {
    statement_text(folder, name).partition("\n")[0]: name
    for folder in ("queries", "transactions")
    for name in statement_names(folder)
}
"""Each statement by its first line, a comment."""

GROWS = {
    ("batches_to_begin", "deliveries"): ("since the plan", "a run", "batches"),
    ("spending", "attempt_closings"): ("look-back", "every run", "batches"),
    ("spending", "batch_plans"): ("look-back", "every run", "batches"),
    ("spending", "events"): ("look-back", "every run", "batches"),
}
"""What a batch reads more of, by statement and table, when its run or the history is larger."""


def test_what_a_batch_reads_grows_with_nothing_but_these(tmp_path: Path) -> None:
    """A read that is mended leaves this list, and no new one may join it."""
    of_a_batch = statements_of_a_batch(tmp_path)
    found = {
        (read.statement, read.table): (read.partitions, read.rows, *read.grows_with)
        for read in growing()
        if read.statement in of_a_batch
    }

    assert {"close_attempt", "requests_of", "claim_attempt", "closing_of"} <= of_a_batch
    assert found == GROWS


def test_what_the_drift_reads_does_not_grow_with_the_history() -> None:
    """Only with the calls of the weeks that it looks at."""
    found = {
        (read.statement, read.table): read.grows_with
        for read in reads()
        if read.statement in ("weekly_answers", "newest_answers")
    }

    assert 4 == len(found)
    assert {("batches",)} == set(found.values())


def test_the_script_prints_a_row_for_each_read_that_grows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As a Markdown table."""
    assert 0 == main()
    rows = capsys.readouterr().out.splitlines()[2:]

    assert [f"| `{each.statement}` | `{each.table}` |" for each in growing()] == [
        "|".join(row.split("|")[:3]) + "|" for row in rows
    ]
