"""Ids that SQL composes are joined as those of events/ids.py."""

from typing import Any

import pytest

from events import RunCompleted, has_identity
from events.ids import join
from tests.tracking.harness import (
    ANALYSIS,
    DAY,
    OUTPUT,
    TrackingHarness,
    all_good,
    bad,
    call,
    calls,
    good,
    id_of,
    planned,
    stopped,
)

ATTEMPT = "d1__r1__1__1"


def unplannable_error(analysis: str, selection: str, record_id: str) -> str:
    """Name the error of a source row that cannot be planned; composed in `plan_run.sql`."""
    return join(analysis, selection, record_id)


def record_error(
    attempt: str,
    record_id: str | None,
    error_type: str,
    job: int | None = None,
    line: int | None = None,
) -> str:
    """Name an error that a closing attempt records; composed in `close_attempt.sql`.

    `job` and `line` are those of the answer; both are None for an error without an answer.
    """
    return join(attempt, record_id or "", "" if job is None else f"{job}.{line}", error_type)


def cleared_error(clearing: str, run_id: str, record_id: str) -> str:
    """Name the error of a record whose history was cleared; composed in `clear_history.sql`."""
    return join(clearing, run_id, record_id)


def clearing_of_run(clearing: str, run_id: str) -> str:
    """Name what a run loses by a clearing, or when a person is forgotten.

    Composed in `clear_history.sql` and `forget_person.sql`.
    """
    return join(clearing, run_id)


IDENTITIES: list[tuple[Any, Any, bool]] = [
    ("i1", "r1", True),
    ("i1", None, True),
    (None, "r1", True),
    ("", "r1", True),
    ("0", "", True),
    (" x ", None, True),
    ("null", None, True),
    ("\u0301", None, True),
    ("\u0378", None, True),
    (None, None, False),
    ("", "", False),
    (" \t\r\n\x0b\x0c", None, False),
    ("\u00a0\u2003\u3000", "\u2028\u2029", False),
    ("\u200b\ufeff\u00ad", "\x00\x1f\x7f", False),
    ("\ue000", None, False),
]
"""Interaction id, reference id, and whether they are an identity: for SQL and Python alike."""


@pytest.mark.parametrize(("interaction", "reference", "expected"), IDENTITIES)
def test_a_row_has_an_identity_in_sql_as_in_python(
    harness: TrackingHarness, interaction: str | None, reference: str | None, expected: bool
) -> None:
    """Null, blank, or one sign of its own."""
    harness.source([call(1, interactionId=interaction, referenceId=reference)])
    plan = harness.plan()

    assert expected == has_identity(interaction, reference)
    assert (int(expected), int(not expected)) == (plan.records, plan.no_identity)


def error_ids(harness: TrackingHarness) -> set[str]:
    return {error_id for (error_id,) in harness.sql("SELECT error_id FROM error_tracking")}


def test_errors_of_a_closing_are_named_as_in_python(harness: TrackingHarness) -> None:
    """With and without an answer, and for an answer that names no requested record."""
    first, second, third = planned(harness, 3)
    stranger = call(99)

    harness.close([bad(first, "truncated", line=4, job=2), good(second, 1), bad(stranger, "x", 7)])

    assert error_ids(harness) == {
        record_error(ATTEMPT, id_of(first), "truncated", job=2, line=4),
        record_error(ATTEMPT, id_of(third), "missing_response"),
        record_error(ATTEMPT, None, "unknown_key", job=1, line=7),
    }


def test_errors_at_the_last_attempt_are_named_as_in_python(harness: TrackingHarness) -> None:
    """An exhausted record gets a second error, without job and line."""
    (row,) = planned(harness, 1)

    harness.close([bad(row, "truncated", line=4)], max_attempts=1)

    assert error_ids(harness) == {
        record_error(ATTEMPT, id_of(row), "truncated", job=1, line=4),
        record_error(ATTEMPT, id_of(row), "attempts_exhausted"),
    }


def test_errors_of_a_release_are_named_as_in_python(harness: TrackingHarness) -> None:
    """As if the attempt had been closed on its own."""
    (row,) = planned(harness, 1)
    harness.record(stopped("operator"))

    harness.tracking.release_attempts("r1", DAY, 1, has_price=True)

    assert error_ids(harness) == {record_error(ATTEMPT, id_of(row), "cancelled")}


def test_the_closing_stores_job_and_line_of_each_answer(harness: TrackingHarness) -> None:
    """In columns of their own, so that no reader takes the id apart."""
    first, second = planned(harness, 2)

    harness.close([bad(first, "truncated", line=4, job=2)])

    assert [(id_of(first), 2, 4), (id_of(second), None, None)] == sorted(
        harness.sql("SELECT record_id, job, line FROM error_tracking"),
        key=lambda row: -(row[1] or 0),
    )


def test_source_rows_that_cannot_be_planned_are_named_as_in_python(
    harness: TrackingHarness,
) -> None:
    """An empty transcript."""
    empty = call(1, "")
    harness.source([call(0), empty])

    harness.plan()

    expected = unplannable_error(ANALYSIS.name, "empty_transcript", id_of(empty))
    assert {expected} == error_ids(harness)


def test_cleared_records_are_named_as_in_python(harness: TrackingHarness) -> None:
    """One error per record, under the id of the clearing."""
    rows = planned(harness, 2)
    harness.close(all_good(rows))
    complete(harness)

    assert harness.tracking.erasure.clear(ANALYSIS.name, OUTPUT, "r1", [], "n1", "wrong prompt")

    clearing = harness.deployment.job("clear", "n1")
    assert {cleared_error(clearing, "r1", id_of(row)) for row in rows} == error_ids(harness)
    assert [(clearing_of_run(clearing, "r1"), 2)] == harness.sql(
        "SELECT clearing_id, records FROM history_clearings"
    )


def test_the_losses_of_a_forgotten_person_are_named_as_in_python(
    harness: TrackingHarness,
) -> None:
    """One clearing per run."""
    harness.close(all_good(planned(harness, 2)))
    complete(harness)

    assert harness.tracking.erasure.forget(calls(1)[0]["phone_number_token"], [OUTPUT], "n1")

    clearing = harness.deployment.job("forget", "n1")
    assert [(clearing_of_run(clearing, "r1"),)] == harness.sql(
        "SELECT clearing_id FROM history_clearings"
    )


def complete(harness: TrackingHarness) -> None:
    """Record the end of run r1: an open run holds its records."""
    harness.record(
        RunCompleted(
            run_id="r1", planned_on=DAY, batches=1, records=2, analysed=2, failed=0, released=0
        )
    )
