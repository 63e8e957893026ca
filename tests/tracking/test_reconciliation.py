"""Reconciliation: recomputed totals reveal records that are lost, duplicated or paid twice."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events import JobSubmitted, RunCompleted
from tests.tracking.harness import (
    COUNTS,
    DAY,
    OUTPUT,
    TrackingHarness,
    all_good,
    bad,
    counts,
    good,
    id_of,
    planned,
    stopped,
)
from tracking import AttemptKey

SOUND = {
    "missing_members": 0,
    "half_stored": 0,
    "doubled": 0,
    "paid_twice": 0,
    "two_bodies": 0,
    "closed_twice": 0,
}
FATES = ["good", "blocked", "truncated", "schema_mismatch", "lost", "twice", "mismatch"]


def answer(row: dict[str, Any], fate: str, line: int) -> list[dict[str, Any]]:
    """The answers that a record of this fate gets."""
    match fate:
        case "good":
            return [good(row, line)]
        case "lost":
            return []
        case "twice":
            return [good(row, line), good(row, line + 1)]
        case "mismatch":
            return [good(row, line, text_fingerprint="f" * 64)]
        case _:
            return [bad(row, fate, line)]


@settings(
    deadline=None,
    derandomize=True,
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    fates=st.lists(
        st.lists(st.sampled_from(FATES), min_size=5, max_size=5), min_size=1, max_size=3
    ),
    ending=st.sampled_from(["succeeded", "failed", "cancelled", "refused", "discarded"]),
    stop=st.booleans(),
)
def test_totals_recomputed_from_rows_equal_those_of_the_closings(
    harness: TrackingHarness, fates: list[list[str]], ending: str, stop: bool
) -> None:
    """For any answers and any number of attempts: no record is lost or duplicated."""
    harness.empty()
    rows = planned(harness, 5)
    if stop:
        harness.record(stopped("operator"))
    for attempt, of_attempt in enumerate(fates, start=1):
        last = attempt == len(fates)
        attempt_key = AttemptKey(run_id="r1", planned_on=DAY, batch=1, attempt=attempt)
        requested = {each.record_id for each in harness.tracking.requests_of(attempt_key)}
        lines = [
            each
            for number, (row, fate) in enumerate(zip(rows, of_attempt, strict=True))
            if id_of(row) in requested
            for each in answer(row, fate, 10 * number)
        ]
        closing = harness.close(
            lines, attempt=attempt, max_attempts=3, ending=ending if last else "succeeded"
        )
        totals = harness.totals()
        assert counts(closing) == tuple(totals[name] for name in COUNTS)
        assert 5 == sum(counts(closing))
        assert totals == totals | SOUND
    assert not (attempt == 3 and closing.open)


def test_a_row_that_is_stored_twice_is_counted(harness: TrackingHarness) -> None:
    """Inserted by the test: the transaction cannot do it."""
    rows = planned(harness)
    harness.close(all_good(rows))
    harness.sql(f"INSERT INTO {OUTPUT} SELECT * FROM {OUTPUT} LIMIT 1")  # noqa: S608

    assert 1 == harness.totals()["doubled"]


def test_a_record_without_its_row_is_counted(harness: TrackingHarness) -> None:
    """And a row without its processed record."""
    rows = planned(harness)
    harness.close(all_good(rows))
    harness.sql(f"DELETE FROM {OUTPUT} WHERE record_id = ?", id_of(rows[0]))  # noqa: S608
    harness.sql("DELETE FROM processed_records WHERE record_id = ?", id_of(rows[1]))

    assert 2 == harness.totals()["half_stored"]


def test_a_lost_and_a_duplicated_member_are_counted(harness: TrackingHarness) -> None:
    """The records of a run are its members."""
    rows = planned(harness)
    harness.sql("DELETE FROM batch_records WHERE record_id = ?", id_of(rows[0]))
    harness.sql("INSERT INTO batch_records SELECT * FROM batch_records LIMIT 1")

    totals = harness.totals()
    assert (1, 1) == (totals["missing_members"], totals["doubled"])


def test_an_attempt_with_two_jobs_is_counted_as_paid_twice(harness: TrackingHarness) -> None:
    """The same event recorded twice is one job."""
    planned(harness)
    about: dict[str, Any] = {"run_id": "r1", "planned_on": DAY, "batch": 1, "attempt": 1}
    one, two = (JobSubmitted(**about, claim=n, job=f"j{n}") for n in (1, 2))

    harness.record(one, one)
    assert 0 == harness.totals()["paid_twice"]
    harness.record(two)
    assert 1 == harness.totals()["paid_twice"]


@pytest.mark.parametrize(("processed_at", "paid_twice"), [("2026-03-01", 1), ("2026-03-03", 0)])
def test_a_record_that_was_stored_before_its_plan_is_counted_as_paid_twice(
    harness: TrackingHarness, processed_at: str, paid_twice: int
) -> None:
    """The plan leaves such records out; what another run stored later is another matter."""
    rows = planned(harness)
    harness.sql(
        "INSERT INTO processed_records (record_id, analysis, original_fingerprint, "
        "first_processed_execution_id, batch, attempt, processed_at) "
        "SELECT record_id, analysis, original_fingerprint, 'earlier', 1, 1, CAST(? AS TIMESTAMP) "
        "FROM batch_records WHERE record_id = ?",
        processed_at, id_of(rows[0]),
    )  # fmt: skip

    assert paid_twice == harness.totals()["paid_twice"]


def test_one_event_id_with_two_bodies_is_counted(harness: TrackingHarness) -> None:
    """The data of an event is deterministic too."""
    planned(harness)
    over: dict[str, Any] = {
        "run_id": "r1",
        "planned_on": DAY,
        "batches": 1,
        "records": 3,
        "failed": 0,
        "released": 0,
    }

    harness.record(RunCompleted(**over, analysed=3))
    assert 0 == harness.totals()["two_bodies"]
    harness.record(RunCompleted(**over, analysed=2))
    assert 1 == harness.totals()["two_bodies"]


def test_a_field_that_a_later_version_adds_is_no_second_body(harness: TrackingHarness) -> None:
    """After an upgrade or a rollback a delivery may be handled again by the other version."""
    planned(harness)
    over: dict[str, Any] = {"run_id": "r1", "planned_on": DAY, "batches": 1, "records": 3}
    ended = RunCompleted(**over, analysed=3, failed=0, released=0)
    harness.record(ended)
    harness.sql("""UPDATE events SET data = replace(data, '{', '{"added_later":"a,\\"b\\":1",')""")

    harness.record(ended)
    assert 0 == harness.totals()["two_bodies"]
    harness.record(RunCompleted(**over, analysed=2, failed=1, released=0))
    assert 1 == harness.totals()["two_bodies"]


def test_records_that_batch_plans_leave_out_are_counted(
    harness: TrackingHarness,
) -> None:
    """Deleted by the test: one transaction writes both tables."""
    planned(harness)
    assert 0 == harness.totals()["missing_members"]

    harness.sql("UPDATE batch_plans SET records = records - 1")

    assert 1 == harness.totals()["missing_members"]


def test_an_attempt_that_is_closed_twice_is_counted(harness: TrackingHarness) -> None:
    """Inserted by the test: the guards prevent it."""
    rows = planned(harness)
    harness.close(all_good(rows))
    harness.sql("INSERT INTO attempt_closings SELECT * FROM attempt_closings")

    assert 1 == harness.totals()["closed_twice"]
