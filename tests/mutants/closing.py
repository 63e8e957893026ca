"""Mutants of the closing of an attempt: rows, errors and totals, each stored once."""

from .mutant import Mutant

_CLOSE = "tracking/transactions/close_attempt.sql"
_TOTALS = "tracking/fragments/plan/batch_totals.sql"
_REQUESTED = "tracking/fragments/plan/requested_records.sql"
_GUARD = """
  SELECT 1 FROM attempt_closings AS k
  WHERE k.run_id = @run_id AND k.planned_on = @planned_on AND k.batch = @batch AND k.attempt = @attempt
"""
_GUARD_BELOW = _GUARD.replace("\n  ", "\n    ")

CLOSING = (
    Mutant(
        name="a closing that runs again stores other answers",
        where=_CLOSE,
        old=f"  AND NOT EXISTS ({_GUARD_BELOW}  );\n\nCREATE TEMP TABLE new_errors",
        new="  ;\n\nCREATE TEMP TABLE new_errors",
        tests=(
            "tests/tracking/test_closing.py::test_a_closing_that_runs_twice_stores_its_rows_once",
        ),
    ),
    Mutant(
        name="a closing that runs again stores its errors again",
        where=_CLOSE,
        old=f"t.error_type = p.error_type\nWHERE NOT EXISTS ({_GUARD});",
        new="t.error_type = p.error_type;",
        tests=(
            "tests/tracking/test_closing.py::test_a_closing_that_runs_twice_stores_its_rows_once",
        ),
    ),
    Mutant(
        name="a closing that runs again stores other processed records",
        where=_CLOSE,
        old=f"  AND NOT EXISTS ({_GUARD_BELOW}  );\n\nINSERT INTO attempt_closings",
        new="  ;\n\nINSERT INTO attempt_closings",
        tests=(
            "tests/tracking/test_closing.py::test_a_closing_that_runs_twice_stores_its_rows_once",
        ),
    ),
    Mutant(
        name="a closing that runs again closes twice",
        where=_CLOSE,
        old=f") AS t\nWHERE NOT EXISTS ({_GUARD});",
        new=") AS t;",
        tests=(
            "tests/tracking/test_closing.py::test_a_closing_that_runs_twice_stores_its_rows_once",
        ),
    ),
    Mutant(
        name="a job that was cancelled from outside releases its records",
        where="tracking/transactions/close_attempt.sql",
        old="WHEN @ending = 'cancelled' AND s.cause IS NOT NULL THEN 'released'",
        new="WHEN @ending = 'cancelled' THEN 'released'",
        tests=(
            "tests/tracking/test_closing.py::test_records_of_a_job_cancelled_from_outside_stay_open",
        ),
    ),
    Mutant(
        name="an attempt without a job leaves its records open",
        where=_CLOSE,
        old="WHEN @ending IN ('discarded', 'reread') OR v.is_void OR @never_started THEN 'released'",
        new="WHEN @ending IN ('discarded', 'reread') OR v.is_void THEN 'released'",
        tests=(
            "tests/tracking/test_closing.py::test_an_attempt_without_a_job_releases_its_records",
        ),
    ),
    Mutant(
        name="the end of a cancelled job leads to a further attempt of a discarded one",
        where=_CLOSE,
        old="WHEN @ending IN ('discarded', 'reread') OR v.is_void OR @never_started THEN 'released'",
        new="WHEN @ending IN ('discarded', 'reread') OR @never_started THEN 'released'",
        tests=(
            "tests/handlers/test_dead_letters.py::test_a_discard_cancels_the_job_of_its_attempt_whose_end_closes_it",
        ),
    ),
    Mutant(
        name="a stop of another run releases records",
        where="tracking/fragments/closing/stop_cause.sql",
        old="run_id = @run_id AND topic",
        new="topic",
        tests=("tests/tracking/test_closing.py::test_a_stop_of_another_run_has_no_effect",),
    ),
    Mutant(
        name="one of two different answers without a proof becomes a row",
        where=_CLOSE,
        old="    WHEN NOT k.is_proved AND MIN(k.answer_json)",
        new="    WHEN k.is_proved IS NULL AND MIN(k.answer_json)",
        tests=(
            "tests/tracking/test_closing.py::test_different_answers_without_a_proof_are_a_duplicate_key",
        ),
    ),
    Mutant(
        name="an answer that is given twice is two answers",
        where=_CLOSE,
        old="      <> MAX(k.answer_json) OVER",
        new="      <= MAX(k.answer_json) OVER",
        tests=("tests/tracking/test_closing.py::test_equal_answers_of_one_job_are_one_answer",),
    ),
    Mutant(
        name="an answer that is given twice costs twice",
        where=_CLOSE,
        old="COALESCE(SUM(IF(a.is_repeated, 0, {cost_of_a})), 0)\n    ) AS cost",
        new="COALESCE(SUM({cost_of_a}), 0)\n    ) AS cost",
        tests=("tests/tracking/test_closing.py::test_equal_answers_of_one_job_are_one_answer",),
    ),
    Mutant(
        name="an answer that nothing proves counts more than a proved one",
        where=_CLOSE,
        old="IF(a.is_proved, a.grade_rank, 99)",
        new="a.grade_rank",
        tests=("tests/tracking/test_closing.py::test_a_proved_answer_counts_more_than_another",),
    ),
    Mutant(
        name="answers of two jobs are two answers under one key",
        where=_CLOSE,
        old="MIN(k.answer_json) OVER (PARTITION BY k.record_id, k.job)",
        new="MIN(k.answer_json) OVER (PARTITION BY k.record_id)",
        tests=(
            "tests/tracking/test_closing.py::test_a_duplicate_key_of_one_job_is_replaced_by_another_job",
        ),
    ),
    Mutant(
        name="an answer to another transcript becomes a row",
        where=_CLOSE,
        old="WHEN s.text_fingerprint <> m.text_fingerprint THEN 'key_mismatch'\n",
        new="",
        tests=(
            "tests/tracking/test_closing.py::test_an_answer_to_another_transcript_is_a_mismatch",
        ),
    ),
    Mutant(
        name="an answer for a record that was not requested becomes a row",
        where=_CLOSE,
        old="WHERE a.is_requested\nQUALIFY",
        new="QUALIFY",
        equivalent="every insert joins the requested records, which leaves the answer out as well",
        tests=(
            "tests/tracking/test_closing.py::test_an_answer_with_an_unknown_key_is_an_error_without_a_row",
            "tests/tracking/test_closing.py::test_an_answer_for_another_batch_is_unknown",
            "tests/tracking/test_closing.py::test_an_answer_for_a_record_of_an_earlier_attempt_is_unknown",
        ),
    ),
    Mutant(
        name="an error of the first job hides the answer of the second",
        where=_CLOSE,
        old="ORDER BY a.error IS NOT NULL, IF(",
        new="ORDER BY a.job, IF(",
        tests=("tests/tracking/test_closing.py::test_of_two_jobs_the_first_good_answer_counts",),
    ),
    Mutant(
        name="the answer of the last job counts",
        where=_CLOSE,
        old="99), a.job, a.grade_rank, a.line",
        new="99), a.job DESC, a.grade_rank, a.line",
        tests=("tests/tracking/test_closing.py::test_of_two_jobs_the_first_good_answer_counts",),
    ),
    Mutant(
        name="an answer with an error becomes a row",
        where=_CLOSE,
        old="LEFT JOIN grounded AS g ON g.record_id = c.record_id\nWHERE c.error IS NULL\n",
        new="LEFT JOIN grounded AS g ON g.record_id = c.record_id\nWHERE TRUE\n",
        tests=("tests/tracking/test_closing.py::test_a_retryable_error_leaves_its_record_open",),
    ),
    Mutant(
        name="a record that is released has no answer to miss",
        where="tracking/transactions/close_attempt.sql",
        old="WHERE j.outcome IN ('answered', 'unanswered')\n  AND NOT EXISTS",
        new="WHERE NOT EXISTS",
        tests=("tests/tracking/test_closing.py::test_a_refused_job_releases_every_record",),
    ),
    Mutant(
        name="a record with one retryable and one final error stays open",
        where="tracking/transactions/close_attempt.sql",
        old="HAVING LOGICAL_AND(COALESCE(t.retryable, TRUE))",
        new="HAVING LOGICAL_OR(COALESCE(t.retryable, TRUE))",
        equivalent="a record has one error in a closing: that of the line chosen for it, or of its absence",
        tests=("tests/tracking/test_closing.py::test_a_permanent_error_fails_its_record_at_once",),
    ),
    Mutant(
        name="a record is asked once more than allowed",
        where="tracking/transactions/close_attempt.sql",
        old="u.attempts >= @max_attempts",
        new="u.attempts > @max_attempts",
        tests=(
            "tests/tracking/test_closing.py::test_open_records_of_the_last_attempt_are_exhausted_with_a_cause",
        ),
    ),
    Mutant(
        name="a released record keeps no error",
        where="tracking/transactions/close_attempt.sql",
        old="WHERE j.outcome IN ('released', 'refused') OR j.is_third_break",
        new="WHERE j.is_third_break",
        tests=("tests/tracking/test_closing.py::test_a_discarded_attempt_releases_every_record",),
    ),
    Mutant(
        name="the words of a summary are sought in any case but the transcript's",
        where=_CLOSE,
        old="STRPOS(LOWER(m.transcript), word)",
        new="STRPOS(m.transcript, word)",
        tests=(
            "tests/tracking/test_closing.py::test_a_row_has_the_share_of_its_summary_that_the_transcript_contains",
        ),
    ),
    Mutant(
        name="an attempt requests what an earlier one has failed for good",
        where=_REQUESTED,
        old="AND e.attempt < @attempt AND NOT e.retryable",
        new="AND e.attempt < @attempt AND NOT e.retryable AND FALSE",
        tests=(
            "tests/tracking/test_closing.py::test_the_totals_of_a_closing_cover_the_whole_batch",
        ),
    ),
    Mutant(
        name="an attempt does not request what an earlier one left open",
        where=_REQUESTED,
        old="AND e.attempt < @attempt AND NOT e.retryable",
        new="AND e.attempt < @attempt",
        tests=("tests/tracking/test_closing.py::test_a_retryable_error_leaves_its_record_open",),
    ),
    Mutant(
        name="an attempt requests what an earlier one has stored",
        where=_REQUESTED,
        old="AND p.first_processed_execution_id = @run_id AND p.batch = @batch AND p.attempt < @attempt",
        new="AND p.first_processed_execution_id = @run_id AND p.batch = @batch AND p.attempt < 0",
        tests=("tests/tracking/test_closing.py::test_a_retryable_error_leaves_its_record_open",),
    ),
    Mutant(
        name="the totals of a closing count later attempts",
        where=_TOTALS,
        old="AND batch = @batch AND attempt <= @attempt\n    AND analysis",
        new="AND batch = @batch\n    AND analysis",
        equivalent="a later attempt begins after this one is closed, and a closing is stored once",
        tests=(
            "tests/tracking/test_closing.py::test_the_totals_of_a_closing_cover_the_whole_batch",
        ),
    ),
    Mutant(
        name="the totals of a closing count open records as failed",
        where=_TOTALS,
        old="AND attempt <= @attempt AND NOT retryable",
        new="AND attempt <= @attempt",
        tests=("tests/tracking/test_closing.py::test_a_retryable_error_leaves_its_record_open",),
    ),
    Mutant(
        name="a record that failed and was released counts as released",
        where="tracking/fragments/plan/batch_totals.sql",
        old="IF(LOGICAL_OR(NOT replan), 'failed', 'released')",
        new="IF(LOGICAL_AND(NOT replan), 'failed', 'released')",
        equivalent="a record is closed by one final error, as its attempts end with the first",
    ),
    Mutant(
        name="an answer that was cut off is not given more room",
        where="tracking/queries/runs/requests_of.sql",
        old="e.error_type = 'truncated'",
        new="e.error_type = 'shortened'",
        tests=("tests/tracking/test_closing.py::test_a_retryable_error_leaves_its_record_open",),
    ),
    Mutant(
        name="an answer that was cut off in another run is given more room",
        where="tracking/queries/runs/requests_of.sql",
        old="WHERE e.record_id = a.record_id AND e.run_id = @run_id AND e.batch = @batch",
        new="WHERE e.record_id = a.record_id AND e.batch = @batch",
        tests=(
            "tests/tracking/test_closing.py::test_an_answer_that_was_cut_off_in_another_run_is_no_matter_of_this_one",
        ),
    ),
    Mutant(
        name="a closing that is asked for again reads another output",
        where="handlers/process_results.py",
        old="    if closing is not None:\n        yield results_processed",
        new="    if closing is not None and closing.open < 0:\n        yield results_processed",
        tests=(
            "tests/handlers/test_closing_again.py::test_a_closed_attempt_is_reported_again_after_its_output_has_expired",
        ),
    ),
    Mutant(
        name="every line has the number of the first job",
        where="handlers/process_results.py",
        old="""b'{"job":%d,' % number""",
        new="""b'{"job":%d,' % 1""",
        tests=(
            "tests/handlers/test_closing_again.py::test_answers_of_two_jobs_to_one_record_are_not_two_answers_of_one_job",
        ),
    ),
    Mutant(
        name="a success without an output folder is taken for an empty answer",
        where="handlers/process_results.py",
        old="if isinstance(event, JobSucceeded) and not event.outputs:",
        new="if isinstance(event, JobFailed) and not event.outputs:",
        tests=(
            "tests/handlers/test_closing_again.py::test_a_job_that_succeeded_without_an_output_folder_is_no_empty_answer",
        ),
    ),
    Mutant(
        name="the output of a success may lack a shard",
        where="handlers/attempts/job_states.py",
        old="if len(found) < expected:",
        new="if len(found) < 1:",
        tests=("tests/handlers/test_output_names.py",),
    ),
    Mutant(
        name="an unfinished dump is read beside the final file",
        where="handlers/attempts/job_states.py",
        old="return final or [blob",
        new="return final + [blob",
        tests=("tests/handlers/test_output_names.py",),
    ),
    Mutant(
        name="one answer a batch settles it although records are open",
        where="handlers/settle_batch.py",
        old="    if event.open:",
        new="    if event.open and not event.analysed:",
        tests=("tests/handlers/test_when_answers_fail.py::test_only_open_records_are_asked_again",),
    ),
    Mutant(
        name="a batch is asked again under the same attempt",
        where="handlers/settle_batch.py",
        old="attempt=event.attempt + 1,",
        new="attempt=event.attempt + 2,",
        tests=(
            "tests/handlers/test_settling.py::test_open_records_are_requested_by_the_next_attempt",
        ),
    ),
    Mutant(
        name="a batch with released records is abandoned only if its job was refused",
        where="handlers/settle_batch.py",
        old='if event.released or event.outcome == "refused":',
        new='if event.released and event.outcome == "refused":',
        tests=(
            "tests/handlers/test_settling.py::test_a_batch_with_released_records_or_a_refused_job_is_abandoned",
        ),
    ),
    Mutant(
        name="a refused batch without released records is completed",
        where="handlers/settle_batch.py",
        old='if event.released or event.outcome == "refused":',
        new="if event.released:",
        tests=(
            "tests/handlers/test_settling.py::test_a_batch_with_released_records_or_a_refused_job_is_abandoned",
        ),
    ),
)
