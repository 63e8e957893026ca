"""`verify`: totals balance only when nothing is lost, doubled or paid twice in any run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import LocalHarness, calls
from troupe import operations


@pytest.fixture(scope="module")
def completed(tmp_path_factory: pytest.TempPathFactory) -> LocalHarness:
    """Two completed runs of three records each."""
    harness = LocalHarness(tmp_path_factory.mktemp("completed") / "home")
    for number in range(2):
        harness.load(calls(3, start=3 * number))
        assert harness.run(f"r{number}")["ok"]
    assert operations.verify(harness.backend).ok
    harness.close()
    return harness


@pytest.fixture
def two_runs(completed: LocalHarness, tmp_path: Path) -> Iterator[LocalHarness]:
    copied = completed.copy(tmp_path / "home")
    yield copied
    copied.close()


def oks(harness: LocalHarness) -> list[bool]:
    """Whether the totals of each run balance, and of both together."""
    total = operations.verify(harness.backend)
    return [*(run.ok for run in total.runs), total.ok]


def test_a_record_that_is_open_in_a_completed_run_is_lost(two_runs: LocalHarness) -> None:
    """The counts still add up: only the run's end says that nothing will follow."""
    two_runs.sql(
        "DELETE FROM transcription_analyzed_transcripts WHERE record_id IN "
        "(SELECT record_id FROM processed_records WHERE first_processed_execution_id = 'r0' "
        "ORDER BY record_id LIMIT 1)"
    )
    two_runs.sql(
        "DELETE FROM processed_records WHERE first_processed_execution_id = 'r0' "
        "AND record_id NOT IN (SELECT record_id FROM transcription_analyzed_transcripts)"
    )

    total = operations.verify(two_runs.backend)

    assert (1, 1) == (total.lost, total.open)
    assert [False, True, False] == oks(two_runs)


def test_a_row_that_is_stored_twice_is_a_fault_of_its_run_and_of_the_sum(
    two_runs: LocalHarness,
) -> None:
    """The totals balance all the same."""
    two_runs.sql(
        "INSERT INTO transcription_analyzed_transcripts "
        "SELECT * FROM transcription_analyzed_transcripts WHERE run_id = 'r1' LIMIT 1"
    )

    assert [True, False, False] == oks(two_runs)


def test_a_record_that_two_runs_have_processed_is_a_fault(two_runs: LocalHarness) -> None:
    """No run by itself can see it."""
    two_runs.sql(
        "INSERT INTO processed_records SELECT * REPLACE ('elsewhere' AS "
        "first_processed_execution_id) FROM processed_records "
        "WHERE first_processed_execution_id = 'r1' ORDER BY record_id LIMIT 1"
    )

    total = operations.verify(two_runs.backend)

    assert (False, 1) == (total.ok, total.doubled)


def test_totals_that_do_not_add_up_are_a_fault(two_runs: LocalHarness) -> None:
    """A record is counted as cleared that no run has lost."""
    two_runs.sql(
        "INSERT INTO error_tracking (error_id, error_type, scope, analysis, record_id, run_id, "
        "batch, attempt, retryable, replan, created_at) SELECT 'x', 'cleared', 'record', analysis, "
        "record_id, run_id, batch, 1, FALSE, TRUE, '2026-03-02 09:00:00' "
        "FROM batch_records WHERE run_id = 'r0' LIMIT 1"
    )
    assert [True, True, True] == oks(two_runs), "what is analysed counts as analysed"

    two_runs.sql("UPDATE run_plans SET records = records + 1 WHERE run_id = 'r0'")
    two_runs.sql("UPDATE batch_plans SET records = records + 1 WHERE run_id = 'r0'")

    assert [False, True, False] == oks(two_runs)
