"""Mutants of attempts that the service does not answer, and of the time that a run waits for it."""

from .mutant import Mutant

OUTCOMES = (
    Mutant(
        name="an attempt whose job broke off without an answer is answered",
        where="tracking/transactions/close_attempt.sql",
        old="(a.unserved > 0 OR @ending <> 'succeeded')",
        new="a.unserved > 0",
        tests=(
            "tests/tracking/test_outcomes.py::test_an_attempt_is_unanswered_when_the_service_failed_on_every_request",
        ),
    ),
    Mutant(
        name="an attempt in which the service failed on every request is answered",
        where="tracking/transactions/close_attempt.sql",
        old="(a.unserved > 0 OR @ending <> 'succeeded')",
        new="@ending <> 'succeeded'",
        tests=(
            "tests/tracking/test_outcomes.py::test_an_attempt_is_unanswered_when_the_service_failed_on_every_request",
        ),
    ),
    Mutant(
        name="a success without lines is unanswered",
        where="tracking/transactions/close_attempt.sql",
        old="WHEN a.answered = 0 AND (a.unserved > 0 OR @ending <> 'succeeded') THEN",
        new="WHEN a.answered = 0 THEN",
        tests=(
            "tests/tracking/test_outcomes.py::test_an_attempt_is_unanswered_when_the_service_failed_on_every_request",
        ),
    ),
    Mutant(
        name="one failure of the service makes an attempt unanswered",
        where="tracking/transactions/close_attempt.sql",
        old="WHEN a.answered = 0 AND (",
        new="WHEN (",
        tests=(
            "tests/tracking/test_outcomes.py::test_an_attempt_is_unanswered_when_the_service_failed_on_every_request",
        ),
    ),
    Mutant(
        name="a failure of the service is an answer",
        where="tracking/transactions/close_attempt.sql",
        old="COUNTIF(error_type IS NULL OR error_type <> 'service_error') AS answered",
        new="COUNT(*) AS answered",
        tests=(
            "tests/tracking/test_outcomes.py::test_an_attempt_is_unanswered_when_the_service_failed_on_every_request",
        ),
    ),
    Mutant(
        name="an earlier attempt that was not answered is used up",
        where="tracking/transactions/close_attempt.sql",
        old=" AND k.batch = @batch AND k.outcome = 'answered'\n",
        new=" AND k.batch = @batch\n",
        tests=(
            "tests/tracking/test_outcomes.py::test_an_attempt_that_is_not_answered_uses_up_none",
        ),
    ),
    Mutant(
        name="an attempt that is not answered is used up",
        where="tracking/transactions/close_attempt.sql",
        old="IF(j.outcome = 'answered' AND o.last_error <> 'no_answer', 1, 0)",
        new="IF(o.last_error <> 'no_answer', 1, 0)",
        tests=(
            "tests/tracking/test_outcomes.py::test_the_last_attempt_counts_for_what_was_answered_in_it",
        ),
    ),
    Mutant(
        name="an attempt whose job broke off is used up",
        where="tracking/transactions/close_attempt.sql",
        old="IF(j.outcome = 'answered' AND o.last_error <> 'no_answer', 1, 0)",
        new="IF(j.outcome = 'answered', 1, 0)",
        tests=(
            "tests/tracking/test_outcomes.py::test_the_last_attempt_counts_for_what_was_answered_in_it",
        ),
    ),
    Mutant(
        name="an earlier attempt whose job broke off is used up",
        where="tracking/transactions/close_attempt.sql",
        old="    AND p.error_type <> 'no_answer' AND p.created_at",
        new="    AND p.created_at",
        tests=(
            "tests/tracking/test_outcomes.py::test_an_attempt_that_is_not_answered_uses_up_none",
        ),
    ),
    Mutant(
        name="a record on which the service failed to the last has failed",
        where="tracking/transactions/close_attempt.sql",
        old="    WHEN o.last_error = 'service_error' THEN 'service_error_repeated'\n",
        new="",
        tests=(
            "tests/tracking/test_outcomes.py::test_a_record_on_which_the_service_failed_to_the_last_is_left_to_the_next_plan",
        ),
    ),
    Mutant(
        name="the second job that breaks off releases its batch",
        where="tracking/transactions/close_attempt.sql",
        old="@attempt - o.last_whole >= 3",
        new="@attempt - o.last_whole >= 2",
        tests=(
            "tests/tracking/test_outcomes.py::test_three_jobs_in_a_row_that_break_off_release_the_batch",
        ),
    ),
    Mutant(
        name="the third job that breaks off is not the last",
        where="tracking/transactions/close_attempt.sql",
        old="@attempt - o.last_whole >= 3",
        new="@attempt - o.last_whole > 3",
        tests=(
            "tests/tracking/test_outcomes.py::test_three_jobs_in_a_row_that_break_off_release_the_batch",
        ),
    ),
    Mutant(
        name="jobs that break off are counted over whole answers",
        where="tracking/transactions/close_attempt.sql",
        old="@attempt - o.last_whole >= 3",
        new="@attempt >= 3",
        tests=(
            "tests/tracking/test_outcomes.py::test_three_jobs_in_a_row_that_break_off_release_the_batch",
        ),
    ),
    Mutant(
        name="three attempts without a broken job release their batch",
        where="tracking/transactions/close_attempt.sql",
        old="o.is_broken AND @attempt - o.last_whole >= 3",
        new="@attempt - o.last_whole >= 3",
        tests=(
            "tests/tracking/test_outcomes.py::test_three_jobs_in_a_row_that_break_off_release_the_batch",
        ),
    ),
    Mutant(
        name="the gap counts all attempts of a batch",
        where="tracking/transactions/close_attempt.sql",
        old="@attempt - o.last_good - 1",
        new="@attempt - 1",
        tests=(
            "tests/tracking/test_outcomes.py::test_the_next_attempt_waits_longer_each_time_up_to_two_hours",
        ),
    ),
    Mutant(
        name="the first gap is doubled",
        where="tracking/transactions/close_attempt.sql",
        old="@attempt - o.last_good - 1",
        new="@attempt - o.last_good",
        tests=(
            "tests/tracking/test_outcomes.py::test_the_next_attempt_waits_longer_each_time_up_to_two_hours",
        ),
    ),
    Mutant(
        name="the gap does not grow",
        where="tracking/transactions/close_attempt.sql",
        old="@first_gap * POW(2, LEAST(@attempt - o.last_good - 1, 20))",
        new="@first_gap",
        tests=(
            "tests/tracking/test_outcomes.py::test_the_next_attempt_waits_longer_each_time_up_to_two_hours",
        ),
    ),
    Mutant(
        name="the gap grows without an end",
        where="tracking/transactions/close_attempt.sql",
        old="LEAST(@longest_gap, @first_gap * POW(2, LEAST(@attempt - o.last_good - 1, 20)))",
        new="@first_gap * POW(2, LEAST(@attempt - o.last_good - 1, 20))",
        tests=(
            "tests/tracking/test_outcomes.py::test_the_next_attempt_waits_longer_each_time_up_to_two_hours",
        ),
    ),
    Mutant(
        name="a whole attempt without an answer ends the growth of the gap",
        where="tracking/transactions/close_attempt.sql",
        old="IF(cause = '' AND outcome = 'answered', attempt, NULL)",
        new="IF(cause = '', attempt, NULL)",
        tests=(
            "tests/tracking/test_outcomes.py::test_the_next_attempt_waits_longer_each_time_up_to_two_hours",
        ),
    ),
    Mutant(
        name="the attempt after a broken job begins at once",
        where="tracking/transactions/close_attempt.sql",
        old="    o.outcome = 'unanswered' OR o.is_broken,",
        new="    o.outcome = 'unanswered',",
        tests=(
            "tests/tracking/test_outcomes.py::test_the_next_attempt_waits_longer_each_time_up_to_two_hours",
        ),
    ),
    Mutant(
        name="the attempt after an answer waits",
        where="tracking/transactions/close_attempt.sql",
        old="    o.outcome = 'unanswered' OR o.is_broken,",
        new="    TRUE,",
        tests=(
            "tests/tracking/test_outcomes.py::test_the_next_attempt_waits_longer_each_time_up_to_two_hours",
        ),
    ),
    Mutant(
        name="a closing that leaves nothing open names a next attempt",
        where="tracking/transactions/close_attempt.sql",
        old="    b.analysed + b.failed + b.released < b.records,\n",
        new="    TRUE,\n",
        tests=(
            "tests/tracking/test_outcomes.py::test_three_jobs_in_a_row_that_break_off_release_the_batch",
        ),
    ),
    Mutant(
        name="a stopped run asks again for what a cancelled job left",
        where="tracking/transactions/close_attempt.sql",
        old="      WHEN @ending = 'cancelled' AND s.cause IS NOT NULL THEN 'released'\n",
        new="",
        tests=("tests/tracking/test_outcomes.py::test_a_stop_releases_what_is_not_answered",),
    ),
    Mutant(
        name="a batch waits for nothing after its closing",
        where="handlers/settle_batch.py",
        old="                not_before=event.not_before,\n",
        new="",
        tests=(
            "tests/handlers/test_settling.py::test_the_next_attempt_waits_until_the_time_of_the_closing",
        ),
    ),
    Mutant(
        name="the event of a closing has no time for the next attempt",
        where="handlers/attempts/close.py",
        old="        not_before=closing.not_before,\n",
        new="",
        tests=(
            "tests/handlers/test_discarding.py::test_an_attempt_that_is_closed_already_is_reported_as_it_was_closed",
        ),
    ),
    Mutant(
        name="a request file is written before its time",
        where="handlers/write_jsonl.py",
        old="    if event.not_before is not None and clock() < event.not_before:\n",
        new="    if event.not_before is not None and clock() < event.not_before and event.attempt < 1:\n",
        tests=(
            "tests/handlers/test_writing.py::test_a_request_file_is_written_at_its_time_and_not_before",
        ),
    ),
    Mutant(
        name="a request file is not written at its time",
        where="handlers/write_jsonl.py",
        old="clock() < event.not_before:",
        new="clock() <= event.not_before:",
        tests=(
            "tests/handlers/test_writing.py::test_a_request_file_is_written_at_its_time_and_not_before",
        ),
    ),
    Mutant(
        name="a run waits while a claim may still bring answers",
        where="tracking/queries/runs/progress.sql",
        old="IF(w.claims = 0, TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), u.failed_at, SECOND), NULL)",
        new="TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), u.failed_at, SECOND)",
        tests=(
            "tests/tracking/test_outcomes.py::test_while_a_claim_may_bring_answers_nothing_is_called_an_outage",
        ),
    ),
    Mutant(
        name="a claim that was given back may still bring answers",
        where="tracking/queries/runs/progress.sql",
        old="AND d.attempt = c.attempt AND d.claim = c.claim AND d.state = 'returned'",
        new="AND d.attempt = c.attempt AND d.claim = c.claim AND d.state = 'refunded'",
        tests=(
            "tests/tracking/test_outcomes.py::test_while_a_claim_may_bring_answers_nothing_is_called_an_outage",
        ),
    ),
    Mutant(
        name="a void claim may bring answers",
        where="tracking/queries/runs/progress.sql",
        old="AND c.batch > @after AND c.state = 'create'",
        new="AND c.batch > @after AND c.state <> 'returned'",
        tests=(
            "tests/tracking/test_outcomes.py::test_while_a_claim_may_bring_answers_nothing_is_called_an_outage",
        ),
    ),
    Mutant(
        name="a claim on a closed attempt may bring answers",
        where="tracking/queries/runs/progress.sql",
        old="      WHERE k.run_id = @run_id AND k.planned_on = @planned_on AND k.batch > @after AND k.batch = c.batch\n        AND k.attempt = c.attempt\n",
        new="      WHERE k.run_id = @run_id AND k.planned_on = @planned_on AND k.batch > @after AND k.batch = c.batch\n        AND k.attempt < c.attempt\n",
        tests=(
            "tests/tracking/test_outcomes.py::test_while_a_claim_may_bring_answers_nothing_is_called_an_outage",
        ),
    ),
    Mutant(
        name="a run waits from its first failure on, whatever was answered since",
        where="tracking/queries/runs/progress.sql",
        old="IF(x.failed_at > COALESCE(a.last_answered_at, TIMESTAMP(@planned_on)), x.failed_at, NULL)",
        new="x.failed_at",
        tests=(
            "tests/tracking/test_outcomes.py::test_a_run_waits_from_the_first_failure_after_the_newest_answer",
        ),
    ),
    Mutant(
        name="a run waits from its last failure on",
        where="tracking/queries/runs/progress.sql",
        old="MIN(IF(x.failed_at > COALESCE(a.last_answered_at, TIMESTAMP(@planned_on)), x.failed_at, NULL))",
        new="MAX(IF(x.failed_at > COALESCE(a.last_answered_at, TIMESTAMP(@planned_on)), x.failed_at, NULL))",
        tests=(
            "tests/tracking/test_outcomes.py::test_a_run_waits_from_the_first_failure_after_the_newest_answer",
        ),
    ),
    Mutant(
        name="a job that is refused for now is no failure to answer",
        where="tracking/queries/runs/progress.sql",
        old="AND batch > @after AND state = 'returned'",
        new="AND batch > @after AND state = 'refunded'",
        tests=(
            "tests/tracking/test_outcomes.py::test_a_run_waits_from_the_first_failure_after_the_newest_answer",
        ),
    ),
    Mutant(
        name="an attempt that is not answered is no failure to answer",
        where="tracking/queries/runs/progress.sql",
        old="AND outcome = 'unanswered' AND cause = ''",
        new="AND outcome = 'silent' AND cause = ''",
        tests=(
            "tests/tracking/test_outcomes.py::test_a_run_waits_from_the_first_failure_after_the_newest_answer",
        ),
    ),
    Mutant(
        name="jobs that broke off are an outage",
        where="tracking/queries/runs/progress.sql",
        old="AND outcome = 'unanswered' AND cause = ''",
        new="AND outcome = 'unanswered'",
        tests=("tests/tracking/test_outcomes.py::test_jobs_that_broke_off_are_no_outage",),
    ),
    Mutant(
        name="a closing without an answer ends an outage",
        where="tracking/queries/runs/progress.sql",
        old="AND batch > @after AND answered > 0",
        new="AND batch > @after",
        tests=(
            "tests/tracking/test_outcomes.py::test_a_run_waits_from_the_first_failure_after_the_newest_answer",
        ),
    ),
    Mutant(
        name="the newest answer of batches that are over is forgotten",
        where="tracking/tracking.py",
        old='            last_answered_at=row["last_answered_at"],\n',
        new="",
        tests=(
            "tests/tracking/test_outcomes.py::test_an_answer_of_a_batch_that_is_over_is_remembered",
        ),
    ),
    Mutant(
        name="the failures of batches that were over before are forgotten",
        where="tracking/tracking.py",
        old='            failed=known.failed + row["failed_over_to"],\n',
        new="            failed=known.failed,\n",
        tests=(
            "tests/tracking/test_claims_and_progress.py::test_batches_that_were_over_at_an_earlier_look_still_count",
        ),
    ),
    Mutant(
        name="a run without an answer is not stopped",
        where="handlers/advance_run.py",
        old='    if (progress.unanswered_seconds or 0) > policy.outage_hours * 3600:\n        return "outage"\n',
        new="",
        tests=(
            "tests/handlers/test_outages.py::test_a_quota_that_never_comes_back_stops_the_run_after_a_day",
        ),
    ),
)
