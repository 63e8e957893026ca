"""Closing: one transaction says for good what became of every record of an attempt."""

import pytest

from events import RunStopped
from tests.tracking.harness import (
    DAY,
    OUTPUT,
    Sheet,
    all_good,
    bad,
    call,
    calls,
    counts,
    good,
    id_of,
    planned,
    stopped,
)
from tracking import AttemptKey


def test_every_answer_becomes_a_row_with_its_lineage(sheet: Sheet) -> None:
    """Row, processed record and closing, with the ids of the source."""
    rows = planned(sheet)

    closing = sheet.close(all_good(rows))

    assert ((3, 0, 0, 0), "answered", "") == (counts(closing), closing.outcome, closing.cause)
    assert [
        (
            id_of(r),
            r["phone_number_token"],
            r["interactionId"],
            "r1",
            1,
            1,
            "gemini-x",
            f"about {r['interactionId']}",
        )
        for r in sorted(rows, key=id_of)
    ] == sheet.sql(
        'SELECT record_id, phone_number_token, "interactionId", run_id, batch, attempt, model, '
        "call_summary FROM transcription_analyzed_transcripts ORDER BY record_id"
    )
    assert [("r1", 1, 1, 3)] == sheet.sql(
        "SELECT first_processed_execution_id, batch, attempt, count(*) "
        "FROM processed_records GROUP BY ALL"
    )
    assert [] == sheet.errors()


def test_an_error_that_can_be_mended_leaves_its_record_open(sheet: Sheet) -> None:
    """The next attempt asks for it, and for nothing else."""
    rows = planned(sheet)

    closing = sheet.close([good(rows[0], 1), bad(rows[1], "truncated", 2), good(rows[2], 3)])

    assert (2, 0, 0, 1) == counts(closing)
    assert [("truncated", None, 1)] == sheet.errors()
    attempt_key = AttemptKey(run_id="r1", planned_on=DAY, batch=1, attempt=2)
    (asked,) = sheet.tracking.requests_of(attempt_key)
    assert (id_of(rows[1]), True) == (asked.record_id, asked.was_truncated)


def test_an_attempt_asks_the_same_whenever_it_is_asked(sheet: Sheet) -> None:
    """What was closed later is not looked at."""
    rows = planned(sheet)
    first = AttemptKey(run_id="r1", planned_on=DAY, batch=1, attempt=1)
    before = list(sheet.tracking.requests_of(first))

    sheet.close([good(rows[0]), bad(rows[1], "blocked", 2)])

    assert before == list(sheet.tracking.requests_of(first))
    assert 3 == len(before)


def test_a_record_without_any_line_is_missing_and_stays_open(sheet: Sheet) -> None:
    """It was paid for or not; it has no row."""
    rows = planned(sheet)

    closing = sheet.close([good(rows[0])])

    assert (1, 0, 0, 2) == counts(closing)
    assert [("missing_response", None, 2)] == sheet.errors()


def test_an_unknown_key_is_named_and_makes_no_row(sheet: Sheet) -> None:
    """Another call's answer is nobody's here."""
    rows = planned(sheet)

    closing = sheet.close([*all_good(rows), good(call(99), 4)])

    assert (3, 0, 0, 0) == counts(closing)
    assert [("unknown_key", None, 1)] == sheet.errors()
    assert [(None,)] == sheet.sql("SELECT record_id FROM error_tracking")
    assert 3 == sheet.one(f"SELECT count(*) FROM {OUTPUT}")  # noqa: S608


def test_a_line_without_a_key_keeps_its_own_error(sheet: Sheet) -> None:
    """The reader knew better what is wrong."""
    rows = planned(sheet, 1)

    closing = sheet.close([{"job": 1, "line": 1, "error_type": "unknown_key", "detail": "no key"}])

    assert (0, 0, 0, 1) == counts(closing)
    assert [("missing_response", None, 1), ("unknown_key", None, 1)] == sheet.errors()
    assert rows


def test_two_answers_for_one_key_are_no_answer(sheet: Sheet) -> None:
    """Nobody can say which is right."""
    rows = planned(sheet)

    closing = sheet.close([*all_good(rows), good(rows[0], 4, call_summary="another")])

    assert (2, 0, 0, 1) == counts(closing)
    assert [("duplicate_key", None, 1)] == sheet.errors()


def test_an_answer_to_another_transcript_is_a_mismatch(sheet: Sheet) -> None:
    """The echoed prompt gives swapped keys away; without an echo the key is trusted."""
    rows = planned(sheet)
    other = "0" * 64

    closing = sheet.close(
        [
            good(rows[0], 1, transcript_fingerprint=other),
            good(rows[1], 2, transcript_fingerprint=None),
            good(rows[2], 3),
        ]
    )

    assert (2, 0, 0, 1) == counts(closing)
    assert [("key_mismatch", None, 1)] == sheet.errors()


def test_of_two_jobs_the_first_good_answer_counts(sheet: Sheet) -> None:
    """An error of one is mended by the other; both are counted as read."""
    rows = planned(sheet)

    closing = sheet.close(
        [
            good(rows[0], 1, 1, call_summary="first"),
            bad(rows[1], "truncated", 2, 1),
            good(rows[0], 1, 2, call_summary="second"),
            good(rows[1], 2, 2, call_summary="mended"),
            good(rows[2], 3, 2, call_summary="only"),
        ]
    )

    assert (3, 0, 0, 0) == counts(closing)
    assert [("first",), ("mended",), ("only",)] == sheet.sql(
        f"SELECT call_summary FROM {OUTPUT} ORDER BY call_summary"  # noqa: S608
    )
    assert 5 == sheet.one("SELECT lines FROM attempt_closings")


def test_a_doubled_key_of_one_job_is_mended_by_another_job(sheet: Sheet) -> None:
    """Copies are counted within a job."""
    rows = planned(sheet, 1)

    closing = sheet.close([good(rows[0], 1, 1), good(rows[0], 2, 1), good(rows[0], 1, 2)])

    assert (1, 0, 0, 0) == counts(closing)


def test_the_last_attempt_exhausts_what_is_open_and_says_why(sheet: Sheet) -> None:
    """Each with the error before it."""
    rows = planned(sheet)

    closing = sheet.close(
        [good(rows[0]), bad(rows[1], "json_parse_error", 2)], attempt=1, max_attempts=1
    )

    assert (1, 2, 0, 0) == counts(closing)
    assert [
        ("attempts_exhausted", "json_parse_error", 1),
        ("attempts_exhausted", "missing_response", 1),
        ("json_parse_error", None, 1),
        ("missing_response", None, 1),
    ] == sheet.errors()


def test_what_cannot_be_mended_fails_at_once(sheet: Sheet) -> None:
    """And is not exhausted afterwards."""
    rows = planned(sheet)

    closing = sheet.close([*all_good(rows[:2]), bad(rows[2], "blocked", 3)])

    assert (2, 1, 0, 0) == counts(closing)
    assert [("blocked", None, 1)] == sheet.errors()


@pytest.mark.parametrize("answered", [0, 2])
@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("operator", "cancelled"),
        ("breaker", "breaker_tripped"),
        ("budget", "budget_exhausted"),
        ("age", "run_too_old"),
        ("job_refused", "job_refused"),
    ],
)
def test_a_stop_releases_what_is_open_by_its_reason(
    sheet: Sheet, reason: str, cause: str, answered: int
) -> None:
    """What was answered before is kept."""
    rows = planned(sheet)
    sheet.query(stopped(reason))

    closing = sheet.close(all_good(rows[:answered]), ending="cancelled", never_started=not answered)

    assert (answered, 0, 3 - answered, 0) == counts(closing)
    assert ("released", cause) == (closing.outcome, closing.cause)
    assert [(cause, None, 3 - answered)] == sheet.errors()


def test_a_released_record_keeps_the_error_behind_it(sheet: Sheet) -> None:
    """Also when it was the last attempt: released is not exhausted."""
    rows = planned(sheet)
    sheet.query(stopped("operator"))

    closing = sheet.close(
        [good(rows[0]), bad(rows[1], "truncated", 2)], ending="cancelled", max_attempts=1
    )

    assert (1, 0, 2, 0) == counts(closing)
    assert [
        ("cancelled", "truncated", 1), ("cancelled", None, 1), ("truncated", None, 1)
    ] == sheet.errors()  # fmt: skip


def test_a_job_cancelled_by_nobody_of_ours_is_asked_again(sheet: Sheet) -> None:
    """Somebody in the console, or the watchdog: the run goes on."""
    rows = planned(sheet)

    closing = sheet.close(all_good(rows[:1]), ending="cancelled")

    assert ((1, 0, 0, 2), "answered") == (counts(closing), closing.outcome)
    assert [("missing_response", None, 2)] == sheet.errors()


def test_a_stop_of_another_run_changes_nothing_here(sheet: Sheet) -> None:
    """Reasons belong to a run."""
    rows = planned(sheet)
    sheet.query(RunStopped(run_id="r2", planned_on=DAY, reason="operator"))

    assert "answered" == sheet.close(all_good(rows[:1]), ending="cancelled").outcome


def test_a_stopped_run_still_keeps_a_job_that_succeeded(sheet: Sheet) -> None:
    """It ended before it could be cancelled; what is open may be decided by the next attempt."""
    rows = planned(sheet)
    sheet.query(stopped("operator"))

    closing = sheet.close(all_good(rows[:2]))

    assert ((2, 0, 0, 1), "answered") == (counts(closing), closing.outcome)


def test_a_refused_job_releases_everything(sheet: Sheet) -> None:
    """Another attempt would be refused as well."""
    planned(sheet)

    closing = sheet.close([], ending="refused")

    assert ((0, 0, 3, 0), "refused", "job_refused") == (
        counts(closing), closing.outcome, closing.cause
    )  # fmt: skip
    assert [("job_refused", None, 3)] == sheet.errors()


def test_a_discarded_attempt_releases_everything(sheet: Sheet) -> None:
    """An operator closed it."""
    planned(sheet)

    closing = sheet.close([], ending="discarded")

    assert ((0, 0, 3, 0), "released", "discarded") == (
        counts(closing), closing.outcome, closing.cause
    )  # fmt: skip


@pytest.mark.parametrize(
    ("summary", "share"),
    [
        ("Internet router broken xyzzy", 0.5),
        ("it is so", None),
        ("RÜCKRUF vereinbart", 0.5),
        ("", None),
    ],
)
def test_a_row_says_how_much_of_its_summary_was_said(
    sheet: Sheet, summary: str, share: float | None
) -> None:
    """By words of four letters and more, whatever their case; none of them, no share."""
    row = call(1, "The INTERNET router is down, bitte Rückruf.")
    sheet.source([row])
    sheet.plan()

    sheet.close([good(row, call_summary=summary)])

    assert [(share,)] == sheet.sql(f"SELECT grounding FROM {OUTPUT}")  # noqa: S608


def test_grounding_can_be_switched_off(sheet: Sheet) -> None:
    """Then it is null, and the row is stored as ever."""
    rows = planned(sheet)

    sheet.close(all_good(rows), grounding=False)

    assert [(None, 3)] == sheet.sql(
        f"SELECT grounding, count(*) FROM {OUTPUT} GROUP BY ALL"  # noqa: S608
    )


# Once


def test_closing_twice_changes_nothing(sheet: Sheet) -> None:
    """Who is first decides; other answers of the second are not looked at."""
    rows = planned(sheet)
    first = sheet.close([good(rows[0])])
    before = sheet.everything()

    again = sheet.close(all_good(rows))

    assert first == again
    assert before == sheet.everything()


def test_discarding_after_the_closing_changes_nothing(sheet: Sheet) -> None:
    """Giving up is the same transaction."""
    rows = planned(sheet)
    first = sheet.close(all_good(rows))

    assert first == sheet.close([], ending="discarded")
    assert [] == sheet.errors()


def test_answers_after_a_discarding_change_nothing(sheet: Sheet) -> None:
    """The other way round."""
    rows = planned(sheet)
    sheet.close([], ending="discarded")
    before = sheet.everything()

    assert (0, 0, 3, 0) == counts(sheet.close(all_good(rows)))
    assert before == sheet.everything()


@pytest.mark.parametrize("second", ["same", "others", "none"])
def test_a_closing_that_lost_its_job_row_is_still_done_once(sheet: Sheet, second: str) -> None:
    """A job may be reported as failed after its commit: the inserts are guarded all the same."""
    rows = planned(sheet)
    answers = [good(rows[0]), bad(rows[1], "truncated", 2)]
    sheet.close(answers)
    before = sheet.everything()
    sheet.sql("DELETE FROM local_jobs")

    sheet.close({"same": answers, "others": all_good(rows), "none": []}[second])

    assert before == sheet.everything()


def test_a_record_that_another_run_has_stored_meanwhile_does_not_stay_open(sheet: Sheet) -> None:
    """An import, or a clearing and a second run: never a second row, and the batch still ends."""
    rows = planned(sheet, 2)
    sheet.sql(
        "INSERT INTO processed_records (record_id, analysis, transcript_fingerprint, "
        "first_processed_execution_id, batch, attempt, processed_at) "
        "SELECT record_id, analysis, transcript_fingerprint, 'other', 1, 1, '2026-03-02 09:00:00' "
        "FROM batch_records WHERE record_id = ?",
        id_of(rows[0]),
    )

    closing = sheet.close(all_good(rows), max_attempts=1)

    assert 0 == closing.open
    assert 1 == sheet.one(f"SELECT count(*) FROM {OUTPUT}")  # noqa: S608


# Several attempts


def test_the_counts_of_a_closing_are_of_the_whole_batch(sheet: Sheet) -> None:
    """After all attempts so far, each with its own query."""
    rows = planned(sheet, 5)
    first = sheet.close([good(rows[0]), bad(rows[1], "blocked", 2), bad(rows[2], "truncated", 3)])
    second = sheet.close([good(rows[2]), bad(rows[3], "schema_mismatch", 2)], attempt=2)
    third = sheet.close([good(rows[3])], attempt=3)

    assert [(1, 1, 0, 3), (2, 1, 0, 2), (3, 2, 0, 0)] == [counts(c) for c in (first, second, third)]
    assert [(1, 5), (2, 3), (3, 2)] == sheet.sql(
        "SELECT attempt, asked FROM attempt_closings ORDER BY attempt"
    )


def test_an_answer_for_what_an_earlier_attempt_stored_is_unknown(sheet: Sheet) -> None:
    """A late file cannot make a second row."""
    rows = planned(sheet)
    sheet.close(all_good(rows[:2]))

    closing = sheet.close(all_good(rows), attempt=2)

    assert (3, 0, 0, 0) == counts(closing)
    assert 3 == sheet.one(f"SELECT count(*) FROM {OUTPUT}")  # noqa: S608
    assert [("missing_response", None, 1), ("unknown_key", None, 2)] == sheet.errors()


def test_batches_do_not_see_each_other(sheet: Sheet) -> None:
    """An answer that belongs to another batch of the run is unknown in this one."""
    sheet.source(calls(4))
    sheet.plan(canary=2, rows_per_batch=2)
    rows = {id_of(row): row for row in calls(4)}
    mine, other = (
        [rows[r] for (r,) in sheet.sql("SELECT record_id FROM batch_records WHERE batch = ?", b)]
        for b in (1, 2)
    )

    one = sheet.close([*all_good(mine), good(other[0], 3)], batch=1)
    two = sheet.close(all_good(other), batch=2)

    assert ((2, 0, 0, 0), (2, 0, 0, 0)) == (counts(one), counts(two))
    assert [("unknown_key", None, 1)] == sheet.errors()


# Money


def test_cost_is_counted_for_every_line_and_waste_for_the_useless_ones(sheet: Sheet) -> None:
    """By the price table: uncached input, cached input, and thoughts as output."""
    rows = planned(sheet, 2)

    sheet.close(
        [good(rows[0]), bad(rows[1], "truncated", 2, output_tokens=1_000)], prices=(1.0, 0.1, 10.0)
    )

    a_row = (60 * 1.0 + 40 * 0.1 + 25 * 10.0) / 1e6
    waste = (100 * 1.0 + 1_000 * 10.0) / 1e6
    ((cost, wasted),) = sheet.sql("SELECT cost, wasted FROM attempt_closings")
    assert (pytest.approx(a_row + waste), pytest.approx(waste)) == (cost, wasted)
    assert pytest.approx(a_row) == sheet.one(f"SELECT cost FROM {OUTPUT}")  # noqa: S608


def test_an_unknown_price_makes_no_cost(sheet: Sheet) -> None:
    """Null, which is not nothing."""
    rows = planned(sheet)

    sheet.close(all_good(rows), prices=None)

    assert [(None, None)] == sheet.sql("SELECT cost, wasted FROM attempt_closings")
    assert [(None,)] == sheet.sql(f"SELECT DISTINCT cost FROM {OUTPUT}")  # noqa: S608


def test_an_answer_that_does_not_tell_its_tokens_has_no_cost(sheet: Sheet) -> None:
    """Its row is stored; what it cost is not known, and not 0."""
    rows = planned(sheet, 2)
    silent = dict.fromkeys(("prompt_tokens", "cached_tokens", "output_tokens"))

    sheet.close([good(rows[0]), good(rows[1], 2) | silent])

    costs = sheet.sql(f"SELECT cost FROM {OUTPUT} ORDER BY cost NULLS LAST")  # noqa: S608
    assert costs[0][0] > 0
    assert costs[1] == (None,)


def test_an_attempt_without_answers_costs_nothing(sheet: Sheet) -> None:
    """Zero, which is known."""
    planned(sheet)

    sheet.close([], ending="failed")

    assert [(0.0, 0.0, 0, 0)] == sheet.sql(
        "SELECT cost, wasted, lines, prompt_tokens FROM attempt_closings"
    )
