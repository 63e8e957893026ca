"""The books of a run, recomputed: they name whatever is lost, doubled or paid twice."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events import JobSubmitted, RunCompleted
from tests.tracking.harness import (
    COUNTS,
    DAY,
    OUTPUT,
    Sheet,
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
    """What comes back for a record that meets this fate."""
    match fate:
        case "good":
            return [good(row, line)]
        case "lost":
            return []
        case "twice":
            return [good(row, line), good(row, line + 1)]
        case "mismatch":
            return [good(row, line, transcript_fingerprint="f" * 64)]
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
def test_the_books_recomputed_from_rows_equal_those_of_the_closings(
    sheet: Sheet, fates: list[list[str]], ending: str, stop: bool
) -> None:
    """Whatever comes back, in as many attempts: no record is lost, doubled or invented."""
    sheet.empty()
    rows = planned(sheet, 5)
    if stop:
        sheet.query(stopped("operator"))
    for attempt, of_attempt in enumerate(fates, start=1):
        last = attempt == len(fates)
        attempt_key = AttemptKey(run_id="r1", planned_on=DAY, batch=1, attempt=attempt)
        asked = {each.record_id for each in sheet.tracking.requests_of(attempt_key)}
        lines = [
            each
            for number, (row, fate) in enumerate(zip(rows, of_attempt, strict=True))
            if id_of(row) in asked
            for each in answer(row, fate, 10 * number)
        ]
        closing = sheet.close(
            lines, attempt=attempt, max_attempts=3, ending=ending if last else "succeeded"
        )
        books = sheet.books()
        assert counts(closing) == tuple(books[name] for name in COUNTS)
        assert 5 == sum(counts(closing))
        assert books == books | SOUND
    assert not (attempt == 3 and closing.open)


def test_the_books_name_a_row_that_is_stored_twice(sheet: Sheet) -> None:
    """By hand: the transaction could not."""
    rows = planned(sheet)
    sheet.close(all_good(rows))
    sheet.sql(f"INSERT INTO {OUTPUT} SELECT * FROM {OUTPUT} LIMIT 1")  # noqa: S608

    assert 1 == sheet.books()["doubled"]


def test_the_books_name_a_record_without_its_row(sheet: Sheet) -> None:
    """And a row without its record."""
    rows = planned(sheet)
    sheet.close(all_good(rows))
    sheet.sql(f"DELETE FROM {OUTPUT} WHERE record_id = ?", id_of(rows[0]))  # noqa: S608
    sheet.sql("DELETE FROM processed_records WHERE record_id = ?", id_of(rows[1]))

    assert 2 == sheet.books()["half_stored"]


def test_the_books_name_a_lost_member_and_one_that_is_there_twice(sheet: Sheet) -> None:
    """Membership is part of them."""
    rows = planned(sheet)
    sheet.sql("DELETE FROM batch_records WHERE record_id = ?", id_of(rows[0]))
    sheet.sql("INSERT INTO batch_records SELECT * FROM batch_records LIMIT 1")

    books = sheet.books()
    assert (1, 1) == (books["missing_members"], books["doubled"])


def test_the_books_name_an_attempt_with_two_jobs(sheet: Sheet) -> None:
    """It was paid for twice; told twice is not."""
    planned(sheet)
    about = {"run_id": "r1", "planned_on": DAY, "batch": 1, "attempt": 1}
    one, two = (JobSubmitted(**about, claim=n, job=f"j{n}") for n in (1, 2))  # type: ignore[arg-type]

    sheet.query(one, one)
    assert 0 == sheet.books()["paid_twice"]
    sheet.query(two)
    assert 1 == sheet.books()["paid_twice"]


def test_the_books_name_one_id_with_two_bodies(sheet: Sheet) -> None:
    """Data is as deterministic as the id."""
    planned(sheet)
    over = {
        "run_id": "r1",
        "planned_on": DAY,
        "batches": 1,
        "records": 3,
        "failed": 0,
        "released": 0,
    }

    sheet.query(RunCompleted(**over, analysed=3))  # type: ignore[arg-type]
    assert 0 == sheet.books()["two_bodies"]
    sheet.query(RunCompleted(**over, analysed=2))  # type: ignore[arg-type]
    assert 1 == sheet.books()["two_bodies"]


def test_the_books_name_records_that_the_plans_of_batches_leave_out(sheet: Sheet) -> None:
    """By hand: one transaction writes both."""
    planned(sheet)
    assert 0 == sheet.books()["missing_members"]

    sheet.sql("UPDATE batch_plans SET records = records - 1")

    assert 1 == sheet.books()["missing_members"]


def test_the_books_name_an_attempt_that_is_closed_twice(sheet: Sheet) -> None:
    """By hand: the guards hold."""
    rows = planned(sheet)
    sheet.close(all_good(rows))
    sheet.sql("INSERT INTO attempt_closings SELECT * FROM attempt_closings")

    assert 1 == sheet.books()["closed_twice"]
