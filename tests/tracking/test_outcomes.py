"""The outcome of a closing when the service does not answer, and how long a run waits for it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.tracking.harness import (
    DAY,
    TrackingHarness,
    bad,
    call,
    calls,
    counts,
    good,
    id_of,
    planned,
    stopped,
)
from tracking import AttemptKey, Closing, Tracking
from troupe.backends.defaults import error_types

BROKEN: dict[str, Any] = {"ending": "failed", "cause": "code_13"}


def unserved(count: int = 3) -> list[dict[str, Any]]:
    return [bad(row, "service_error", line) for line, row in enumerate(calls(count), start=1)]


def gap(closing: Closing, harness: TrackingHarness) -> timedelta | None:
    """How long after its closing the next attempt begins; None: at once."""
    return None if closing.not_before is None else closing.not_before - harness.clock()


@pytest.mark.parametrize(
    ("answers", "how", "outcome"),
    [
        ([], {}, "answered"),
        ([], BROKEN, "unanswered"),
        ([], {"ending": "cancelled", "cause": "cancelled"}, "unanswered"),
        (unserved(), {}, "unanswered"),
        (unserved(), BROKEN, "unanswered"),
        ([*unserved(2), bad(call(2), "truncated", 3)], {}, "answered"),
        ([good(call(0))], BROKEN, "answered"),
    ],
)
def test_an_attempt_is_unanswered_when_the_service_failed_on_every_request(
    harness: TrackingHarness, answers: list[Any], how: dict[str, Any], outcome: str
) -> None:
    """A bad answer is an answer too. A success without lines is a fault of its output."""
    planned(harness)

    assert outcome == harness.close(answers, **how).outcome


def test_an_attempt_that_is_not_answered_uses_up_none(harness: TrackingHarness) -> None:
    """Nor does one whose job broke off, for the records without an answer."""
    rows = planned(harness)
    garbled = [bad(row, "json_parse_error", line) for line, row in enumerate(rows, start=1)]

    harness.close(unserved(), max_attempts=2)
    harness.close([], attempt=2, max_attempts=2, **BROKEN)
    third = harness.close(garbled[:2], attempt=3, max_attempts=2, **BROKEN)
    fourth = harness.close(garbled, attempt=4, max_attempts=2)

    assert ((0, 0, 0, 3), (0, 2, 0, 1)) == (counts(third), counts(fourth))


def test_the_last_attempt_counts_for_what_was_answered_in_it(harness: TrackingHarness) -> None:
    """The others are asked again, although no attempt is left."""
    rows = planned(harness)
    garbled = [bad(row, "json_parse_error", line) for line, row in enumerate(rows, start=1)]

    first = harness.close(unserved(), max_attempts=1)
    second = harness.close(garbled[:2], attempt=2, max_attempts=1, **BROKEN)

    assert ((0, 0, 0, 3), (0, 2, 0, 1)) == (counts(first), counts(second))


def test_a_record_on_which_the_service_failed_to_the_last_is_left_to_the_next_plan(
    harness: TrackingHarness,
) -> None:
    """It answered the others, so these attempts count; but the record may be fine."""
    rows = planned(harness, 2)

    first = harness.close([bad(rows[0], "service_error"), good(rows[1], 2)], max_attempts=2)
    again = [bad(rows[0], "service_error"), bad(call(9), "json_parse_error", 2)]
    second = harness.close(again, attempt=2, max_attempts=2)

    assert ((1, 0, 0, 1), (1, 0, 1, 0)) == (counts(first), counts(second))
    assert ("service_error_repeated", "service_error", 1) in harness.errors()


def test_three_jobs_in_a_row_that_break_off_release_the_batch(harness: TrackingHarness) -> None:
    """A whole answer in between begins the row again."""
    rows = planned(harness)
    for attempt in (1, 2):
        assert 3 == harness.close([], attempt=attempt, **BROKEN).open
    harness.close([bad(rows[0], "truncated")], attempt=3, max_attempts=9)
    for attempt in (4, 5):
        assert 3 == harness.close([], attempt=attempt, max_attempts=9, **BROKEN).open

    last = harness.close([], attempt=6, max_attempts=9, **BROKEN)

    assert (0, 0, 3, 0) == counts(last)
    assert ("job_failed", "no_answer", 3) in harness.errors()
    assert last.not_before is None, "nothing is left to wait for"


def test_the_next_attempt_waits_longer_each_time_up_to_two_hours(harness: TrackingHarness) -> None:
    """Five minutes at first, and again after an answer; without an outage it begins at once."""
    rows = planned(harness)
    gaps = [gap(harness.close(unserved(), attempt=n), harness) for n in range(1, 8)]
    assert [timedelta(minutes=m) for m in (5, 10, 20, 40, 80, 120, 120)] == gaps

    answered = harness.close([bad(rows[0], "truncated")], attempt=8, max_attempts=9)
    assert gap(answered, harness) is None
    broken = gap(harness.close([], attempt=9, **BROKEN), harness)
    partly = gap(harness.close([good(rows[0])], attempt=10, **BROKEN), harness)
    assert (timedelta(minutes=5), timedelta(minutes=10)) == (broken, partly)


def test_a_stop_releases_what_is_not_answered(harness: TrackingHarness) -> None:
    """A job that ran on is cancelled; its attempt waits for no other one."""
    planned(harness)
    harness.record(stopped("outage"))

    closing = harness.close([], ending="cancelled", cause="cancelled")

    assert ((0, 0, 3, 0), "released", None) == (
        counts(closing), closing.outcome, closing.not_before
    )  # fmt: skip


@pytest.mark.parametrize("how", [BROKEN, {}, {"ending": "cancelled", "cause": "cancelled"}])
def test_a_void_claim_makes_any_end_a_discard_that_keeps_its_answers(
    harness: TrackingHarness, how: dict[str, Any]
) -> None:
    """An operator ended the attempt; its job was paid for."""
    rows = planned(harness)
    harness.tracking.claim_attempt(key(1), 1, "void")

    closing = harness.close([good(rows[0])], **how)

    assert ((1, 0, 2, 0), "released", "discarded") == (
        counts(closing), closing.outcome, closing.cause
    )  # fmt: skip


# How long a run has waited


def three_batches(harness: TrackingHarness) -> None:
    harness.source(calls(6))
    harness.plan(canary=2, rows_per_batch=2)


def key(batch: int, attempt: int = 1) -> AttemptKey:
    return AttemptKey(run_id="r1", planned_on=DAY, batch=batch, attempt=attempt)


def seconds(harness: TrackingHarness) -> int | None:
    """The seconds without an answer, the same for one who asks the first time."""
    newcomer = Tracking(harness.warehouse, harness.deployment, error_types())
    progress = harness.tracking.progress("r1", DAY)
    assert progress == newcomer.progress("r1", DAY)
    return progress.unanswered_seconds


def passed(harness: TrackingHarness, since: datetime) -> int:
    return int((harness.clock() - since).total_seconds())


def test_a_run_waits_from_the_first_failure_after_the_newest_answer(
    harness: TrackingHarness,
) -> None:
    """Of an attempt, or of the creation of a job; an answer ends it."""
    harness.begin_after(three_batches)
    assert seconds(harness) is None
    harness.close([bad(call(0), "service_error")], batch=1)
    first = harness.clock()
    harness.clock.pass_(600)
    harness.close([bad(call(0), "service_error")], batch=1, attempt=2)
    assert passed(harness, first) == seconds(harness)

    harness.close([bad(call(0), "truncated")], batch=2)
    assert seconds(harness) is None

    harness.tracking.claim_attempt(key(3), 1)
    harness.clock.pass_(60)
    harness.tracking.return_claim(key(3), 1)
    returned = harness.clock()
    harness.clock.pass_(90)
    assert passed(harness, returned) == seconds(harness)


def test_jobs_that_broke_off_are_no_outage(harness: TrackingHarness) -> None:
    """The third one in a row releases its batch, however long each of them took."""
    harness.begin_after(three_batches)
    harness.close([], batch=1, **BROKEN)
    harness.clock.pass_(90_000)

    assert seconds(harness) is None


def test_while_a_claim_may_bring_answers_nothing_is_called_an_outage(
    harness: TrackingHarness,
) -> None:
    """One that was given back, one that is void and one of a closed attempt bring none."""
    harness.begin_after(three_batches)
    harness.close([bad(call(0), "service_error")], batch=1)
    failed = harness.clock()

    harness.tracking.claim_attempt(key(2), 1)
    assert seconds(harness) is None
    harness.tracking.return_claim(key(2), 1)
    harness.clock.pass_(5)
    assert passed(harness, failed) == seconds(harness)

    harness.tracking.claim_attempt(key(2), 2, "void")
    assert passed(harness, failed) == seconds(harness)

    harness.tracking.claim_attempt(key(3), 1)
    assert seconds(harness) is None
    harness.close([], batch=3, **BROKEN)
    assert passed(harness, failed) == seconds(harness)


def test_an_answer_of_a_batch_that_is_over_is_remembered(harness: TrackingHarness) -> None:
    """Batches that are over are not read again, and their answer still ends an older outage."""
    harness.begin_after(three_batches)
    harness.close([bad(call(0), "service_error")], batch=2)
    harness.clock.pass_(60)
    ids = [r for (r,) in harness.sql("SELECT record_id FROM batch_records WHERE batch = 1")]
    mine = [good(row, line) for line, row in enumerate(calls(6)) if id_of(row) in ids]
    harness.close(mine, batch=1)

    assert [None, None] == [
        harness.tracking.progress("r1", DAY).unanswered_seconds for _ in range(2)
    ]
