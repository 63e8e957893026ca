"""Closing an attempt: one transaction stores rows, errors and totals exactly once."""

from typing import Any

import pytest

from events import RunCompleted, RunStopped
from tests.tracking.harness import (
    DAY,
    OUTPUT,
    TrackingHarness,
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


def test_every_answer_becomes_a_row_with_its_lineage(harness: TrackingHarness) -> None:
    """Row, processed record and closing, with the ids of the source."""
    rows = planned(harness)

    closing = harness.close(all_good(rows))

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
    ] == harness.sql(
        'SELECT record_id, phone_number_token, "interactionId", run_id, batch, attempt, model, '
        "call_summary FROM transcription_analyzed_transcripts ORDER BY record_id"
    )
    assert [("r1", 1, 1, 3)] == harness.sql(
        "SELECT first_processed_execution_id, batch, attempt, count(*) "
        "FROM processed_records GROUP BY ALL"
    )
    assert [] == harness.errors()


def test_a_retryable_error_leaves_its_record_open(harness: TrackingHarness) -> None:
    """The next attempt requests this record only."""
    rows = planned(harness)

    closing = harness.close([good(rows[0], 1), bad(rows[1], "truncated", 2), good(rows[2], 3)])

    assert (2, 0, 0, 1) == counts(closing)
    assert [("truncated", None, 1)] == harness.errors()
    attempt_key = AttemptKey(run_id="r1", planned_on=DAY, batch=1, attempt=2)
    (record,) = harness.tracking.requests_of(attempt_key)
    assert (id_of(rows[1]), True) == (record.record_id, record.was_truncated)


def test_an_attempt_requests_the_same_records_at_any_time(harness: TrackingHarness) -> None:
    """Closings of later attempts are ignored."""
    rows = planned(harness)
    first = AttemptKey(run_id="r1", planned_on=DAY, batch=1, attempt=1)
    before = list(harness.tracking.requests_of(first))

    harness.close([good(rows[0]), bad(rows[1], "blocked", 2)])

    assert before == list(harness.tracking.requests_of(first))
    assert 3 == len(before)


def test_a_record_without_an_answer_is_missing_and_stays_open(harness: TrackingHarness) -> None:
    """Whether the request was billed is unknown; there is no row."""
    rows = planned(harness)

    closing = harness.close([good(rows[0])])

    assert (1, 0, 0, 2) == counts(closing)
    assert [("missing_response", None, 2)] == harness.errors()


def test_an_answer_with_an_unknown_key_is_an_error_without_a_row(harness: TrackingHarness) -> None:
    """The answer belongs to no record of the batch."""
    rows = planned(harness)

    closing = harness.close([*all_good(rows), good(call(99), 4)])

    assert (3, 0, 0, 0) == counts(closing)
    assert [("unknown_key", None, 1)] == harness.errors()
    assert [(None,)] == harness.sql("SELECT record_id FROM error_tracking")
    assert 3 == harness.one(f"SELECT count(*) FROM {OUTPUT}")  # noqa: S608


def test_a_line_without_a_key_keeps_its_own_error(harness: TrackingHarness) -> None:
    """The error type of the parser is kept."""
    planned(harness, 1)

    closing = harness.close(
        [{"job": 1, "line": 1, "error_type": "unknown_key", "detail": "no key"}]
    )

    assert (0, 0, 0, 1) == counts(closing)
    assert [("missing_response", None, 1), ("unknown_key", None, 1)] == harness.errors()


@pytest.mark.parametrize("proved", [True, False])
def test_equal_answers_of_one_job_are_one_answer(harness: TrackingHarness, proved: bool) -> None:
    """Also in tokens and cost, but for lines, of which five were read; no echo has to prove them."""
    rows = planned(harness)
    echo: dict[str, Any] = {} if proved else {"text_fingerprint": None}
    lines = enumerate([*rows, rows[0], rows[0]], start=1)

    closing = harness.close([good(row, line, **echo) for line, row in lines])

    assert (3, 0, 0, 0) == counts(closing)
    assert [] == harness.errors()
    assert [(5, 300, 60)] == harness.sql(
        "SELECT lines, prompt_tokens, output_tokens FROM attempt_closings"
    )
    alone = 3 * harness.one(f"SELECT max(cost) FROM {OUTPUT}")  # noqa: S608
    assert alone == pytest.approx(harness.one("SELECT cost FROM attempt_closings"))


def test_different_answers_without_a_proof_are_a_duplicate_key(harness: TrackingHarness) -> None:
    """There is no way to know which is right, so each record is asked again."""
    rows = planned(harness)
    unproved: dict[str, Any] = {"text_fingerprint": None}

    closing = harness.close(
        [
            *(good(row, line, **unproved) for line, row in enumerate(rows, start=1)),
            good(rows[0], 4, call_summary="another", **unproved),
        ]
    )

    assert (2, 0, 0, 1) == counts(closing)
    assert [("duplicate_key", None, 1)] == harness.errors()


@pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
@pytest.mark.parametrize(
    "better",
    [{"grade": "exact"}, {"grade": "normalised", "repair_grade": "exact"}],
    ids=["grade", "repair grade"],
)
def test_of_different_proved_answers_the_better_grade_counts(
    harness: TrackingHarness, better: dict[str, Any], first: bool
) -> None:
    """Their lines echo the transcript that was asked; then the better repair grade, then the line."""
    (row,) = planned(harness, 1)
    worse: dict[str, Any] = {"grade": "normalised", "repair_grade": "mended"}
    answers = [better | {"call_summary": "better"}, worse | {"call_summary": "worse"}]

    closing = harness.close(
        [
            good(row, line, **fields)
            for line, fields in enumerate(answers if first else reversed(answers), start=1)
        ]
    )

    assert (1, 0, 0, 0) == counts(closing)
    assert [("better",)] == harness.sql(f"SELECT call_summary FROM {OUTPUT}")  # noqa: S608


def test_a_proved_answer_counts_more_than_another(harness: TrackingHarness) -> None:
    """The line of the other, of an earlier job, may belong to any transcript."""
    (row,) = planned(harness, 1)

    closing = harness.close(
        [
            good(row, 1, 1, call_summary="of any transcript", text_fingerprint=None),
            good(row, 1, 2, call_summary="of this one", grade="partial"),
        ]
    )

    assert (1, 0, 0, 0) == counts(closing)
    assert [("of this one",)] == harness.sql(f"SELECT call_summary FROM {OUTPUT}")  # noqa: S608


@pytest.mark.parametrize("error", ["truncated", "service_error", "json_parse_error", "blocked"])
def test_a_good_answer_counts_more_than_an_error_under_its_key(
    harness: TrackingHarness, error: str
) -> None:
    """Such as an incremental file beside the final one, with an error of the service."""
    rows = planned(harness)

    closing = harness.close([bad(rows[0], error, 9), *all_good(rows), bad(rows[0], error, 10)])

    assert (3, 0, 0, 0) == counts(closing)
    assert [] == harness.errors()


def test_rows_and_closing_say_which_columns_were_changed(harness: TrackingHarness) -> None:
    """By grade, and by column."""
    rows = planned(harness)
    normalised: dict[str, Any] = {
        "grade": "normalised",
        "normalised_fields": ["call_tone", "language_code"],
    }
    partial: dict[str, Any] = {
        "grade": "partial", "normalised_fields": ["call_tone"], "nulled_fields": ["products"],
        "raw_values": '{"products": "none"}',
    }  # fmt: skip

    harness.close([good(rows[0], 1, **normalised), good(rows[1], 2, **partial), good(rows[2], 3)])

    assert [(1, 1, '[["call_tone",2,0],["language_code",1,0],["products",0,1]]')] == harness.sql(
        "SELECT normalised, partial, field_counts FROM attempt_closings"
    )
    assert [
        ("exact", [], [], None),
        ("normalised", ["call_tone", "language_code"], [], None),
        ("partial", ["call_tone"], ["products"], '{"products": "none"}'),
    ] == harness.sql(
        f"SELECT grade, normalised_fields, nulled_fields, raw_values FROM {OUTPUT} ORDER BY grade"  # noqa: S608
    )


def test_an_answer_to_another_transcript_is_a_mismatch(harness: TrackingHarness) -> None:
    """The echoed request reveals swapped keys; without an echo the key is trusted."""
    rows = planned(harness)
    other = "0" * 64

    closing = harness.close(
        [
            good(rows[0], 1, text_fingerprint=other),
            good(rows[1], 2, text_fingerprint=None),
            good(rows[2], 3),
        ]
    )

    assert (2, 0, 0, 1) == counts(closing)
    assert [("key_mismatch", None, 1)] == harness.errors()


def test_of_two_jobs_the_first_good_answer_counts(harness: TrackingHarness) -> None:
    """An error in one job is replaced by the answer of the other; both lines count as read."""
    rows = planned(harness)

    closing = harness.close(
        [
            good(rows[0], 1, 1, call_summary="first"),
            bad(rows[1], "truncated", 2, 1),
            good(rows[0], 1, 2, call_summary="second"),
            good(rows[1], 2, 2, call_summary="mended"),
            good(rows[2], 3, 2, call_summary="only"),
        ]
    )

    assert (3, 0, 0, 0) == counts(closing)
    assert [("first",), ("mended",), ("only",)] == harness.sql(
        f"SELECT call_summary FROM {OUTPUT} ORDER BY call_summary"  # noqa: S608
    )
    assert 5 == harness.one("SELECT lines FROM attempt_closings")


def test_a_duplicate_key_of_one_job_is_replaced_by_another_job(harness: TrackingHarness) -> None:
    """Duplicates are counted within one job."""
    (row,) = planned(harness, 1)
    unproved: dict[str, Any] = {"text_fingerprint": None}
    answers = [(1, 1, "one"), (2, 1, "another")]
    answers += [(1, 2, "of the other job"), (2, 2, "of the other job")]

    closing = harness.close(
        [good(row, line, job, call_summary=text, **unproved) for line, job, text in answers]
    )

    assert (1, 0, 0, 0) == counts(closing)
    assert "of the other job" == harness.one(f"SELECT call_summary FROM {OUTPUT}")  # noqa: S608


def test_open_records_of_the_last_attempt_are_exhausted_with_a_cause(
    harness: TrackingHarness,
) -> None:
    """The cause is the error of that attempt."""
    rows = planned(harness)

    closing = harness.close(
        [good(rows[0]), bad(rows[1], "json_parse_error", 2)], attempt=1, max_attempts=1
    )

    assert (1, 2, 0, 0) == counts(closing)
    assert [
        ("attempts_exhausted", "json_parse_error", 1),
        ("attempts_exhausted", "missing_response", 1),
        ("json_parse_error", None, 1),
        ("missing_response", None, 1),
    ] == harness.errors()


def test_a_permanent_error_fails_its_record_at_once(harness: TrackingHarness) -> None:
    """The record is not exhausted later."""
    rows = planned(harness)

    closing = harness.close([*all_good(rows[:2]), bad(rows[2], "blocked", 3)])

    assert (2, 1, 0, 0) == counts(closing)
    assert [("blocked", None, 1)] == harness.errors()


@pytest.mark.parametrize("answered", [0, 2])
@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("operator", "cancelled"),
        ("breaker", "breaker_tripped"),
        ("budget", "budget_exhausted"),
        ("age", "run_too_old"),
        ("job_refused", "job_refused"),
        ("outage", "outage"),
    ],
)
def test_a_stop_releases_open_records_with_its_reason(
    harness: TrackingHarness, reason: str, cause: str, answered: int
) -> None:
    """Answers that were read before are stored."""
    rows = planned(harness)
    harness.record(stopped(reason))

    closing = harness.close(
        all_good(rows[:answered]), ending="cancelled", never_started=not answered
    )

    assert (answered, 0, 3 - answered, 0) == counts(closing)
    assert ("released", cause) == (closing.outcome, closing.cause)
    assert [(cause, None, 3 - answered)] == harness.errors()


def test_a_released_record_keeps_the_error_behind_it(harness: TrackingHarness) -> None:
    """Also at the last attempt: released records are not exhausted."""
    rows = planned(harness)
    harness.record(stopped("operator"))

    closing = harness.close(
        [good(rows[0]), bad(rows[1], "truncated", 2)], ending="cancelled", max_attempts=1
    )

    assert (1, 0, 2, 0) == counts(closing)
    assert [
        ("cancelled", "truncated", 1), ("cancelled", None, 1), ("truncated", None, 1)
    ] == harness.errors()  # fmt: skip


def test_records_of_a_job_cancelled_from_outside_stay_open(harness: TrackingHarness) -> None:
    """Cancelled in the console or by the watchdog: the run continues."""
    rows = planned(harness)

    closing = harness.close(all_good(rows[:1]), ending="cancelled")

    assert ((1, 0, 0, 2), "answered") == (counts(closing), closing.outcome)
    assert [("no_answer", None, 2)] == harness.errors()


def test_a_stop_of_another_run_has_no_effect(harness: TrackingHarness) -> None:
    """Stops belong to one run."""
    rows = planned(harness)
    harness.record(RunStopped(run_id="r2", planned_on=DAY, reason="operator"))

    assert "answered" == harness.close(all_good(rows[:1]), ending="cancelled").outcome


def test_a_stopped_run_stores_the_answers_of_a_job_that_succeeded(harness: TrackingHarness) -> None:
    """The job ended before it could be cancelled; open records are left to the next attempt."""
    rows = planned(harness)
    harness.record(stopped("operator"))

    closing = harness.close(all_good(rows[:2]))

    assert ((2, 0, 0, 1), "answered") == (counts(closing), closing.outcome)


def test_a_refused_job_releases_every_record(harness: TrackingHarness) -> None:
    """A further attempt would be refused too."""
    planned(harness)

    closing = harness.close([], ending="refused")

    assert ((0, 0, 3, 0), "refused", "job_refused") == (
        counts(closing), closing.outcome, closing.cause
    )  # fmt: skip
    assert [("job_refused", None, 3)] == harness.errors()


def test_a_discarded_attempt_releases_every_record(harness: TrackingHarness) -> None:
    """An operator gave it up."""
    planned(harness)

    closing = harness.close([], ending="discarded")

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
def test_a_row_has_the_share_of_its_summary_that_the_transcript_contains(
    harness: TrackingHarness, summary: str, share: float | None
) -> None:
    """Over words of four letters and more, ignoring case; NULL for a summary without such words."""
    row = call(1, "The INTERNET router is down, bitte Rückruf.")
    harness.source([row])
    harness.plan()

    harness.close([good(row, call_summary=summary)])

    assert [(share,)] == harness.sql(f"SELECT grounding FROM {OUTPUT}")  # noqa: S608


def test_grounding_can_be_switched_off(harness: TrackingHarness) -> None:
    """The column is NULL, and the row is stored."""
    rows = planned(harness)

    harness.close(all_good(rows), grounding=False)

    assert [(None, 3)] == harness.sql(
        f"SELECT grounding, count(*) FROM {OUTPUT} GROUP BY ALL"  # noqa: S608
    )


# Once


def test_closing_twice_changes_nothing(harness: TrackingHarness) -> None:
    """The first closing is stored; the answers of the second are ignored."""
    rows = planned(harness)
    first = harness.close([good(rows[0])])
    before = harness.everything()

    again = harness.close(all_good(rows))

    assert first == again
    assert before == harness.everything()


def test_discarding_after_the_closing_changes_nothing(harness: TrackingHarness) -> None:
    """Discarding is the same transaction."""
    rows = planned(harness)
    first = harness.close(all_good(rows))

    assert first == harness.close([], ending="discarded")
    assert [] == harness.errors()


def test_answers_after_a_discard_change_nothing(harness: TrackingHarness) -> None:
    """The discard closed the attempt."""
    rows = planned(harness)
    harness.close([], ending="discarded")
    before = harness.everything()

    assert (0, 0, 3, 0) == counts(harness.close(all_good(rows)))
    assert before == harness.everything()


@pytest.mark.parametrize("second", ["same", "others", "none"])
def test_a_closing_that_runs_twice_stores_its_rows_once(
    harness: TrackingHarness, second: str
) -> None:
    """A job may be reported as failed after its commit and is run again: every INSERT is guarded."""
    rows = planned(harness)
    answers = [good(rows[0]), bad(rows[1], "truncated", 2)]
    harness.close(answers)
    before = harness.everything()
    harness.sql("DELETE FROM local_jobs")

    harness.close({"same": answers, "others": all_good(rows), "none": []}[second])

    assert before == harness.everything()


def test_an_attempt_without_a_job_releases_its_records(harness: TrackingHarness) -> None:
    """No job will answer them, whatever the event log says of a stop."""
    planned(harness)

    closing = harness.close([], ending="cancelled", never_started=True)

    assert ((0, 0, 3, 0), "released", "cancelled") == (
        counts(closing), closing.outcome, closing.cause
    )  # fmt: skip


# Several attempts


def test_an_answer_that_was_cut_off_in_another_run_is_no_matter_of_this_one(
    harness: TrackingHarness,
) -> None:
    """The output limit is raised for the attempts after it, in its own run."""
    rows = planned(harness, 1)
    harness.close([bad(rows[0], "truncated")])
    harness.close([], attempt=2, ending="discarded")
    harness.record(
        RunCompleted(
            run_id="r1", planned_on=DAY, batches=1, records=1, analysed=0, failed=0, released=1
        )
    )
    harness.plan("r2")
    harness.close([], run_id="r2")

    second = AttemptKey(run_id="r2", planned_on=DAY, batch=1, attempt=2)
    assert [False] == [each.was_truncated for each in harness.tracking.requests_of(second)]


def test_the_totals_of_a_closing_cover_the_whole_batch(harness: TrackingHarness) -> None:
    """After all attempts so far."""
    rows = planned(harness, 5)
    first = harness.close([good(rows[0]), bad(rows[1], "blocked", 2), bad(rows[2], "truncated", 3)])
    second = harness.close([good(rows[2]), bad(rows[3], "schema_mismatch", 2)], attempt=2)
    third = harness.close([good(rows[3])], attempt=3)

    assert [(1, 1, 0, 3), (2, 1, 0, 2), (3, 2, 0, 0)] == [counts(c) for c in (first, second, third)]
    assert [(1, 5), (2, 3), (3, 2)] == harness.sql(
        "SELECT attempt, asked FROM attempt_closings ORDER BY attempt"
    )


def test_an_answer_for_a_record_of_an_earlier_attempt_is_unknown(harness: TrackingHarness) -> None:
    """A late output file cannot add a second row."""
    rows = planned(harness)
    harness.close(all_good(rows[:2]))

    closing = harness.close(all_good(rows), attempt=2)

    assert (3, 0, 0, 0) == counts(closing)
    assert 3 == harness.one(f"SELECT count(*) FROM {OUTPUT}")  # noqa: S608
    assert [("missing_response", None, 1), ("unknown_key", None, 2)] == harness.errors()


def test_an_answer_for_another_batch_is_unknown(harness: TrackingHarness) -> None:
    """Batches of one run are separate."""
    harness.source(calls(4))
    harness.plan(canary=2, rows_per_batch=2)
    rows = {id_of(row): row for row in calls(4)}
    mine, other = (
        [rows[r] for (r,) in harness.sql("SELECT record_id FROM batch_records WHERE batch = ?", b)]
        for b in (1, 2)
    )

    one = harness.close([*all_good(mine), good(other[0], 3)], batch=1)
    two = harness.close(all_good(other), batch=2)

    assert ((2, 0, 0, 0), (2, 0, 0, 0)) == (counts(one), counts(two))
    assert [("unknown_key", None, 1)] == harness.errors()


# Cost


def test_cost_covers_every_line_and_waste_the_lines_without_a_row(
    harness: TrackingHarness,
) -> None:
    """By the price table: uncached input, cached input, and thoughts as output."""
    rows = planned(harness, 2)

    harness.close(
        [good(rows[0]), bad(rows[1], "truncated", 2, output_tokens=1_000)], prices=(1.0, 0.1, 10.0)
    )

    a_row = (60 * 1.0 + 40 * 0.1 + 25 * 10.0) / 1e6
    waste = (100 * 1.0 + 1_000 * 10.0) / 1e6
    ((cost, wasted),) = harness.sql("SELECT cost, wasted FROM attempt_closings")
    assert (pytest.approx(a_row + waste), pytest.approx(waste)) == (cost, wasted)
    assert pytest.approx(a_row) == harness.one(f"SELECT cost FROM {OUTPUT}")  # noqa: S608


def test_an_unknown_price_gives_a_cost_of_null(harness: TrackingHarness) -> None:
    """NULL, not 0."""
    rows = planned(harness)

    harness.close(all_good(rows), prices=None)

    assert [(None, None)] == harness.sql("SELECT cost, wasted FROM attempt_closings")
    assert [(None,)] == harness.sql(f"SELECT DISTINCT cost FROM {OUTPUT}")  # noqa: S608


def test_an_answer_without_token_counts_has_a_cost_of_null(harness: TrackingHarness) -> None:
    """Its row is stored; the cost is unknown, not 0."""
    rows = planned(harness, 2)
    silent = dict.fromkeys(("prompt_tokens", "cached_tokens", "output_tokens"))

    harness.close([good(rows[0]), good(rows[1], 2) | silent])

    costs = harness.sql(f"SELECT cost FROM {OUTPUT} ORDER BY cost NULLS LAST")  # noqa: S608
    assert costs[0][0] > 0
    assert costs[1] == (None,)


def test_an_attempt_without_answers_costs_nothing(harness: TrackingHarness) -> None:
    """A cost of 0, not NULL."""
    planned(harness)

    harness.close([], ending="failed")

    assert [(0.0, 0.0, 0, 0)] == harness.sql(
        "SELECT cost, wasted, lines, prompt_tokens FROM attempt_closings"
    )
