"""Mutants of a run over changed transcripts, and of the replacement at its end."""

from .mutant import Mutant

_REPLACE = "tracking/transactions/replace_rows.sql"
_SELECTION = "tracking/fragments/plan/source_selection.sql"
_TESTS = "tests/handlers/test_replacing.py"
_LATER = (f"{_TESTS}::test_a_replacement_takes_no_row_of_a_later_run",)
_TWO_ROWS = (
    f"{_TESTS}::test_until_the_run_is_over_both_rows_stand_and_nothing_is_reported_as_doubled",
)

REPLACING = (
    Mutant(
        name="changed transcripts are asked again and never replaced",
        where="handlers/report_run.py",
        old="    if plan.replaces_from:\n",
        new="    if False:\n",
        tests=(f"{_TESTS}::test_the_new_rows_replace_the_old_and_the_totals_of_both_runs_balance",),
    ),
    Mutant(
        name="every completed run replaces rows",
        where="handlers/report_run.py",
        old="    if plan.replaces_from:\n",
        new="    if True:\n",
        tests=(f"{_TESTS}::test_a_run_that_replaces_nothing_runs_no_replacement",),
    ),
    Mutant(
        name="the oldest row decides whether a transcript has changed",
        where=_SELECTION,
        old="ANY_VALUE(original_fingerprint HAVING MAX processed_at)",
        new="ANY_VALUE(original_fingerprint HAVING MIN processed_at)",
        tests=(
            f"{_TESTS}::test_between_the_end_of_the_run_and_the_replacement_no_plan_takes_the_records",
        ),
    ),
    Mutant(
        name="a replacement reaches rows of later runs",
        where=_REPLACE,
        old=" AND o.processed_at <= @stored_to\n",
        new="\n",
        tests=_LATER,
    ),
    Mutant(
        name="a replacement leaves the row that an unreported run has left",
        where="tracking/fragments/plan/selection_counts.sql",
        old="MIN(IF(selection = 'pending', first_processed_at, NULL))",
        new="MAX(IF(selection = 'pending', last_processed_at, NULL))",
        tests=(f"{_TESTS}::test_a_replacement_that_comes_late_leaves_one_row_of_each_record",),
    ),
    Mutant(
        name="rows without a newer answer are deleted",
        where=_REPLACE,
        old="JOIN processed_records AS n ON n.record_id = o.record_id AND n.analysis = o.analysis",
        new="JOIN processed_records AS n ON n.analysis = o.analysis",
        tests=(f"{_TESTS}::test_a_record_without_a_new_answer_keeps_its_old_row",),
    ),
    Mutant(
        name="a run over changed records of one run takes those of all",
        where=_SELECTION,
        old="    AND (@of_run IS NULL OR first_processed_execution_id = @of_run)\n",
        new="",
        tests=(f"{_TESTS}::test_the_changed_records_are_narrowed_by_run_and_by_record",),
    ),
    Mutant(
        name="a reprocessing takes changed records too",
        where=_SELECTION,
        old="  WHERE @changed AND analysis = @analysis\n",
        new="  WHERE @reprocess AND analysis = @analysis\n",
        equivalent="the last CASE still leaves out analysed records of other requests",
        tests=(f"{_TESTS}::test_other_requests_still_leave_changed_records_out",),
    ),
    Mutant(
        name="two texts of one record count as doubled",
        where="tracking/queries/records/processed_twice.sql",
        old="GROUP BY record_id, analysis, original_fingerprint",
        new="GROUP BY record_id, analysis",
        tests=_TWO_ROWS,
    ),
    Mutant(
        name="another text of a record counts as paid twice",
        where="tracking/queries/runs/verify_run.sql",
        old="      AND p.original_fingerprint = m.original_fingerprint\n",
        new="",
        tests=_TWO_ROWS,
    ),
)
