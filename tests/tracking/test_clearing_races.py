"""Clearing and forgetting as transactions: what they refuse although the question before allowed it.

A plan may be made between an operator's question and the transaction.
"""

import pytest

from events import RunCompleted
from handlers.dispatch.errors import Redeliver
from tests.tracking.harness import DAY, OUTPUT, TrackingHarness, all_good, call, calls
from tests.tracking.test_two_analyses import OTHER

ANALYSIS = "call_review_v1"


def completed(run_id: str) -> RunCompleted:
    return RunCompleted(
        run_id=run_id, planned_on=DAY, batches=1, records=2, analysed=2, failed=0, released=0
    )


def analysed(harness: TrackingHarness, run_id: str = "r1") -> None:
    """A run that has stored both records of the source."""
    harness.source(calls(2))
    harness.plan(run_id)
    harness.close(all_good(calls(2)), run_id=run_id)


def clear(harness: TrackingHarness) -> bool:
    return harness.tracking.erasure.clear(ANALYSIS, OUTPUT, "r1", [], "n1", "a test")


def processed(harness: TrackingHarness) -> list[tuple[str, int]]:
    return harness.sql(
        "SELECT first_processed_execution_id, count(*) FROM processed_records GROUP BY 1 ORDER BY 1"
    )


def refuses_and_changes_nothing(harness: TrackingHarness) -> None:
    before = [harness.sql(f"FROM {t} ORDER BY ALL") for t in ("processed_records", OUTPUT)]
    with pytest.raises(Redeliver):
        clear(harness)
    assert before == [harness.sql(f"FROM {t} ORDER BY ALL") for t in ("processed_records", OUTPUT)]
    assert 0 == harness.one("SELECT count(*) FROM history_clearings")


def test_the_history_of_an_open_run_is_not_cleared(harness: TrackingHarness) -> None:
    """Its other attempts count what is stored, whatever they hold themselves."""
    analysed(harness)
    harness.source([call(2)])
    harness.sql("DELETE FROM processed_records WHERE first_processed_execution_id = 'r1'")
    harness.sql(
        "INSERT INTO processed_records (record_id, analysis, original_fingerprint, "
        "first_processed_execution_id, batch, attempt, processed_at) VALUES ('0', ?, '', 'r1', 1, 1, '2026-03-02 09:00:00')",
        ANALYSIS,
    )

    refuses_and_changes_nothing(harness)
    harness.record(completed("r1"))
    assert clear(harness)


def test_records_that_another_open_run_holds_are_not_cleared(harness: TrackingHarness) -> None:
    """Its answers would be stored beside a record that the next plan takes again."""
    analysed(harness)
    harness.record(completed("r1"))
    harness.sql(
        "INSERT INTO batch_records SELECT * REPLACE ('r2' AS run_id) FROM batch_records LIMIT 1"
    )
    harness.sql("INSERT INTO run_plans SELECT * REPLACE ('r2' AS run_id) FROM run_plans")

    refuses_and_changes_nothing(harness)
    harness.record(completed("r2"))
    assert clear(harness)


def test_a_clearing_removes_the_rows_of_its_run_and_version_alone(
    harness: TrackingHarness,
) -> None:
    """Another version has rows of the same records, in the same table."""
    analysed(harness)
    harness.record(completed("r1"))
    harness.plan_under(OTHER, "r2")
    harness.close(all_good(calls(2)), run_id="r2", analysis=OTHER)
    harness.record(completed("r2"))

    assert clear(harness)

    assert [("r2", 2)] == processed(harness)
    assert [("r2", 2)] == harness.sql(f"SELECT run_id, count(*) FROM {OUTPUT} GROUP BY 1")  # noqa: S608


def test_a_clearing_whose_transaction_runs_twice_is_one(harness: TrackingHarness) -> None:
    """A job may be reported as failed after its commit, and is run again."""
    analysed(harness)
    harness.record(completed("r1"))
    clear(harness)
    before = harness.everything()
    harness.sql("DELETE FROM local_jobs")

    clear(harness)

    assert before.replace("[('d1', 2,", "[('d1', 3,") == harness.everything()
    assert 1 == harness.one("SELECT count(*) FROM history_clearings")


def test_a_person_whom_an_open_run_holds_is_not_forgotten(harness: TrackingHarness) -> None:
    """The run would store an answer of the person afterwards."""
    analysed(harness)

    def forget(name: str) -> bool:
        return harness.tracking.erasure.forget("t1", [OUTPUT], name)

    with pytest.raises(Redeliver):
        forget("one")
    assert [("r1", 2)] == processed(harness)

    harness.record(completed("r1"))
    assert forget("two")
    assert [("r1", 1)] == processed(harness)
