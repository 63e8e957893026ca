"""Mutants of what people ask for: clearing, forgetting, reprocessing, and the recount of totals."""

from .mutant import Mutant

_CLEAR = "tracking/transactions/clear_history.sql"
_CLEARED = "tracking/fragments/privacy/delete_cleared.sql"
_FORGET = "tracking/transactions/forget_person.sql"
_VERIFY = "tracking/queries/runs/verify_run.sql"
_STATES = "tracking/fragments/closing/record_states.sql"
_RACES = ("tests/tracking/test_clearing_races.py",)
_RECOUNT = ("tests/tracking/test_reconciliation.py",)
_RUN_IDS = ("tests/operations/test_run_ids.py",)

OPERATIONS = (
    Mutant(
        name="history is cleared that an open run holds",
        where=_CLEAR,
        old="ERROR('an open run holds one of these records')",
        new="TRUE",
        tests=(
            "tests/tracking/test_clearing_races.py::test_the_history_of_an_open_run_is_not_cleared",
        ),
    ),
    Mutant(
        name="the history of an open run is cleared",
        where=_CLEAR,
        old="m.run_id = @run_id OR m.record_id IN (",
        new="m.record_id IN (",
        tests=(
            "tests/tracking/test_clearing_races.py::test_the_history_of_an_open_run_is_not_cleared",
        ),
    ),
    Mutant(
        name="history is cleared that another open run holds",
        where=_CLEAR,
        old="m.run_id = @run_id OR m.record_id IN (",
        new="m.run_id = @run_id OR FALSE AND m.record_id IN (",
        tests=(
            "tests/tracking/test_clearing_races.py::test_records_that_another_open_run_holds_are_not_cleared",
        ),
    ),
    Mutant(
        name="a clearing leaves the rows",
        where=_CLEARED,
        old="  AND CONCAT(run_id, '/', record_id) IN (SELECT CONCAT(c.run_id, '/', c.record_id) FROM cleared AS c);",
        new="  AND FALSE;",
        tests=(
            "tests/handlers/test_clearing.py::test_a_cleared_run_counts_its_records_as_cleared_and_the_next_takes_them",
        ),
    ),
    Mutant(
        name="a clearing removes the rows of other runs",
        where=_CLEARED,
        old="  AND CONCAT(run_id, '/', record_id) IN (SELECT CONCAT(c.run_id, '/', c.record_id) FROM cleared AS c);",
        new="  AND record_id IN (SELECT c.record_id FROM cleared AS c);",
        tests=(
            "tests/tracking/test_clearing_races.py::test_a_clearing_removes_the_rows_of_its_run_and_version_alone",
        ),
    ),
    Mutant(
        name="a clearing removes what another version has processed",
        where=_CLEARED,
        old="  AND CONCAT(first_processed_execution_id, '/', record_id) IN (\n    SELECT CONCAT(c.run_id, '/', c.record_id) FROM cleared AS c\n  );",
        new="  AND record_id IN (SELECT c.record_id FROM cleared AS c);",
        tests=(
            "tests/tracking/test_clearing_races.py::test_a_clearing_removes_the_rows_of_its_run_and_version_alone",
        ),
    ),
    Mutant(
        name="a clearing that runs twice stores its errors twice",
        where=_CLEARED,
        old="WHERE NOT EXISTS (\n  SELECT 1 FROM error_tracking AS e\n  WHERE e.error_id = CONCAT(@clearing_id, '__', c.run_id, '__', c.record_id)\n);",
        new=";",
        equivalent="the second run finds neither a row nor a failure, so it clears nothing",
        tests=_RACES,
    ),
    Mutant(
        name="a clearing that runs twice is listed twice",
        where=_CLEARED,
        old="WHERE NOT EXISTS (\n  SELECT 1 FROM history_clearings AS h WHERE h.clearing_id = CONCAT(@clearing_id, '__', c.run_id)\n)\n",
        new="",
        equivalent="the second run finds neither a row nor a failure, so it clears nothing",
        tests=_RACES,
    ),
    Mutant(
        name="a person is forgotten whom an open run holds",
        where=_FORGET,
        old="), ERROR('an open run holds records of this person'), TRUE)",
        new="), TRUE, TRUE)",
        tests=(
            "tests/tracking/test_clearing_races.py::test_a_person_whom_an_open_run_holds_is_not_forgotten",
        ),
    ),
    Mutant(
        name="a person stays in the processed records",
        where=_FORGET,
        old="DELETE FROM processed_records WHERE phone_number_token = @phone_number_token;",
        new="DELETE FROM processed_records WHERE FALSE;",
        tests=(
            "tests/handlers/test_clearing.py::test_a_forgotten_person_stands_in_no_table_and_the_books_still_balance",
        ),
    ),
    Mutant(
        name="a person stays in the memberships",
        where=_FORGET,
        old="  AND phone_number_token = @phone_number_token;\n\nDELETE FROM error_tracking",
        new="  AND FALSE;\n\nDELETE FROM error_tracking",
        tests=(
            "tests/handlers/test_clearing.py::test_a_forgotten_person_stands_in_no_table_and_the_books_still_balance",
        ),
    ),
    Mutant(
        name="the errors of a person stay",
        where=_FORGET,
        old="DELETE FROM error_tracking WHERE record_id IN (SELECT record_id FROM forgotten);",
        new="DELETE FROM error_tracking WHERE FALSE;",
        tests=(
            "tests/handlers/test_clearing.py::test_a_forgotten_person_stands_in_no_table_and_the_books_still_balance",
        ),
    ),
    Mutant(
        name="what a run loses with a person is not counted",
        where=_FORGET,
        old="SELECT m.run_id, COUNT(DISTINCT m.record_id) AS records",
        new="SELECT m.run_id, 0 AS records",
        tests=(
            "tests/handlers/test_clearing.py::test_a_forgotten_person_stands_in_no_table_and_the_books_still_balance",
        ),
    ),
    Mutant(
        name="a person's records that only the source has keep their errors",
        where="tracking/fragments/privacy/records_of_person.sql",
        old="AS s WHERE s.phone_number_token = @phone_number_token",
        new="AS s WHERE FALSE",
        tests=(
            "tests/handlers/test_clearing.py::test_a_forgotten_person_stands_in_no_table_and_the_books_still_balance",
        ),
    ),
    Mutant(
        name="a completed run holds the person",
        where="tracking/fragments/plan/held_by_open_runs.sql",
        old="f.topic = 'run-completed'",
        new="f.topic = 'run-archived'",
        tests=(
            "tests/handlers/test_clearing.py::test_a_cleared_run_counts_its_records_as_cleared_and_the_next_takes_them",
        ),
    ),
    Mutant(
        name="history that is held is offered for clearing",
        where="troupe/operations/clear_history.py",
        old="    if kept.is_held:\n        these",
        new="    if kept.is_held and not kept.records:\n        these",
        tests=(
            "tests/handlers/test_clearing.py::test_clearing_is_refused_while_an_open_run_holds_a_record",
        ),
    ),
    Mutant(
        name="history is cleared without being sure",
        where="troupe/operations/clear_history.py",
        old="clears = sure and kept.records + kept.failed > 0",
        new="clears = kept.records + kept.failed > 0",
        tests=(
            "tests/handlers/test_clearing.py::test_a_cleared_run_counts_its_records_as_cleared_and_the_next_takes_them",
        ),
    ),
    Mutant(
        name="a person is forgotten without being sure",
        where="troupe/operations/clear_history.py",
        old="    if sure:\n        name",
        new="    if sure or attempts:\n        name",
        tests=(
            "tests/handlers/test_clearing.py::test_a_forgotten_person_stands_in_no_table_and_the_books_still_balance",
        ),
    ),
    Mutant(
        name="the second clearing of a run has the id of the first",
        where="troupe/operations/clear_history.py",
        old="        job = backend.dependencies.new_name()\n",
        new='        job = run_id or "records"\n',
        tests=(
            "tests/handlers/test_clearing.py::test_what_came_after_a_clearing_can_be_cleared_as_well",
        ),
    ),
    Mutant(
        name="a stored record is analysed again",
        where="troupe/operations/reprocess.py",
        old="    if stored:\n",
        new="    if len(stored) > 1:\n",
        tests=(
            "tests/handlers/test_clearing.py::test_what_has_a_row_is_not_reprocessed_before_its_history_is_cleared",
        ),
    ),
    Mutant(
        name="a reprocessing that is requested twice is published twice",
        where="troupe/operations/reprocess.py",
        old="    if not known:\n        refuse_missing_model(",
        new="    if known is not None:\n        refuse_missing_model(",
        tests=(
            "tests/operations/test_reprocess_preview.py::test_a_reprocessing_that_is_known_is_not_published_again",
        ),
    ),
    Mutant(
        name="a dry reprocessing is published",
        where="troupe/operations/reprocess.py",
        old="    is_preview = dry_run or command.dry_run\n",
        new="    is_preview = command.dry_run\n",
        tests=(
            "tests/operations/test_reprocess_preview.py::test_a_preview_of_a_reprocessing_publishes_nothing",
        ),
    ),
    Mutant(
        name="a run id is taken with another request",
        where="troupe/operations/runs.py",
        old="    if known - {content_hash(request)}:\n",
        new="    if not known and known - {content_hash(request)}:\n",
        tests=_RUN_IDS,
    ),
    Mutant(
        name="a request that is repeated is published again",
        where="troupe/operations/run_requests.py",
        old="    if run.run_id and was_requested(backend, run):\n",
        new="    if run.run_id and was_requested(backend, run) and run.dry_run:\n",
        tests=_RUN_IDS,
    ),
    Mutant(
        name="a preview is published",
        where="troupe/operations/run_requests.py",
        old="    if dry_run or run.dry_run:\n        return preview(backend, run, labelled)\n",
        new="    if run.dry_run:\n        return preview(backend, run, labelled)\n",
        tests=(
            "tests/operations/test_reprocess_preview.py::test_a_preview_of_a_run_publishes_nothing",
        ),
    ),
    Mutant(
        name="a refused request waits to be planned",
        where="troupe/operations/runs.py",
        old='return [row["event_id"] for row in rows if not row["is_refused"]]',
        new='return [row["event_id"] for row in rows]',
        tests=_RUN_IDS,
    ),
    # The recount of totals
    Mutant(
        name="a record that is stored without its row is not counted",
        where=_VERIFY,
        old="COUNTIF(is_processed <> (COALESCE(output_rows, 0) > 0)) AS half_stored",
        new="COUNTIF(is_processed AND output_rows > 1) AS half_stored",
        tests=("tests/tracking/test_reconciliation.py::test_a_record_without_its_row_is_counted",),
    ),
    Mutant(
        name="a row that is stored twice is not counted",
        where=_VERIFY,
        old="SUM(GREATEST(COALESCE(output_rows, 0) - 1, 0))",
        new="SUM(GREATEST(COALESCE(output_rows, 0) - 2, 0))",
        tests=(
            "tests/tracking/test_reconciliation.py::test_a_row_that_is_stored_twice_is_counted",
        ),
    ),
    Mutant(
        name="an attempt with two jobs is not counted as paid twice",
        where=_VERIFY,
        old="COALESCE(SUM(j.jobs - 1), 0)",
        new="COALESCE(SUM(j.jobs - j.jobs), 0)",
        tests=(
            "tests/tracking/test_reconciliation.py::test_an_attempt_with_two_jobs_is_counted_as_paid_twice",
        ),
    ),
    Mutant(
        name="a record that an earlier run had paid for is not counted",
        where=_VERIFY,
        old="AND p.first_processed_execution_id <> @run_id\n",
        new="AND p.first_processed_execution_id < ''\n",
        tests=_RECOUNT,
    ),
    Mutant(
        name="an event with two bodies is not counted",
        where=_VERIFY,
        old="HAVING COUNT(DISTINCT f.data) > 1",
        new="HAVING COUNT(DISTINCT f.data) > 2",
        tests=(
            "tests/tracking/test_reconciliation.py::test_one_event_id_with_two_bodies_is_counted",
        ),
    ),
    Mutant(
        name="a field that a later version added counts as a second body",
        where=_VERIFY,
        old="GROUP BY f.event_id, ARRAY_TO_STRING(REGEXP_EXTRACT_ALL(f.data, r'\"(\\w+)\":'), ' ')",
        new="GROUP BY f.event_id",
        tests=(
            "tests/tracking/test_reconciliation.py::test_a_field_that_a_later_version_adds_is_no_second_body",
        ),
    ),
    Mutant(
        name="an attempt that is closed twice is not counted",
        where=_VERIFY,
        old="      HAVING COUNT(*) > 1\n    ) AS closed_twice",
        new="      HAVING COUNT(*) > 2\n    ) AS closed_twice",
        tests=(
            "tests/tracking/test_reconciliation.py::test_an_attempt_that_is_closed_twice_is_counted",
        ),
    ),
    Mutant(
        name="a lost membership is not counted",
        where=_VERIFY,
        old="ABS(r.records - e.members - h.forgotten) + ABS(",
        new="ABS(",
        tests=(
            "tests/tracking/test_reconciliation.py::test_a_lost_and_a_duplicated_member_are_counted",
        ),
    ),
    Mutant(
        name="a record that batch_plans leaves out is not counted",
        where=_VERIFY,
        old="    WHERE b.run_id = @run_id AND b.planned_on = @planned_on\n  ), r.records)) AS missing_members",
        new="    WHERE b.run_id = @run_id AND b.planned_on = @planned_on AND FALSE\n  ), r.records)) AS missing_members",
        tests=(
            "tests/tracking/test_reconciliation.py::test_records_that_batch_plans_leave_out_are_counted",
        ),
    ),
    Mutant(
        name="an open record of a completed run is not lost",
        where="troupe/operations/reconciliation.py",
        old="lost = row.missing_members + row.half_stored + (row.open if row.completed else 0)",
        new="lost = row.missing_members + row.half_stored",
        tests=(
            "tests/operations/test_recount.py::test_a_record_that_is_open_in_a_completed_run_is_lost",
        ),
    ),
    Mutant(
        name="a fault is no reason for totals not to balance",
        where="troupe/operations/reconciliation.py",
        old="ok=not faults and row.total == row.planned",
        new="ok=row.total == row.planned",
        tests=(
            "tests/operations/test_recount.py::test_a_record_that_is_open_in_a_completed_run_is_lost",
        ),
    ),
    Mutant(
        name="totals need not balance",
        where="troupe/operations/reconciliation.py",
        old="ok=not faults and row.total == row.planned",
        new="ok=not faults",
        equivalent="without a missing or a doubled member, which are faults, the totals add up",
        tests=("tests/operations/test_recount.py",),
    ),
    Mutant(
        name="a record that is processed twice is fine",
        where="troupe/operations/reconciliation.py",
        old="ok=total.ok and not twice)",
        new="ok=total.ok)",
        tests=(
            "tests/operations/test_recount.py::test_a_record_that_two_runs_have_processed_is_a_fault",
        ),
    ),
    Mutant(
        name="one run whose totals do not balance is fine among others",
        where="troupe/operations/reconciliation.py",
        old="ok=all(run.ok for run in runs)",
        new="ok=any(run.ok for run in runs)",
        tests=(
            "tests/operations/test_recount.py::test_a_record_that_is_open_in_a_completed_run_is_lost",
        ),
    ),
    Mutant(
        name="a record of another version is analysed",
        where=_STATES,
        old=") AS p ON p.record_id = m.record_id AND p.analysis = m.analysis",
        new=") AS p ON p.record_id = m.record_id",
        equivalent="a run has one analysis, and the processed records are those of the run",
        tests=_RECOUNT,
    ),
    Mutant(
        name="a cleared record is released",
        where=_STATES,
        old="    WHEN e.is_cleared THEN 'cleared'\n",
        new="",
        tests=(
            "tests/handlers/test_clearing.py::test_a_cleared_run_counts_its_records_as_cleared_and_the_next_takes_them",
        ),
    ),
    Mutant(
        name="a record that has failed for good is open",
        where=_STATES,
        old="    WHEN e.state IS NOT NULL THEN e.state\n",
        new="    WHEN e.state = 'released' THEN e.state\n",
        tests=(
            "tests/tracking/test_reconciliation.py::test_totals_recomputed_from_rows_equal_those_of_the_closings",
        ),
    ),
    # What clearing and forgetting reach
    Mutant(
        name="answers in staging outlive a person",
        where="tracking/erasure.py",
        old="        self._warehouse.drop_staging()\n        return is_new\n",
        new="        return is_new\n",
        tests=(
            "tests/handlers/test_clearing.py::test_forgetting_reaches_what_a_killed_worker_left_in_staging",
        ),
    ),
    Mutant(
        name="a forgetting that ended early is never completed",
        where="tracking/erasure.py",
        old="        self._warehouse.drop_staging()\n        return is_new\n",
        new='        if is_new and self.of_person(token, outputs)["processed"]:\n            self._warehouse.drop_staging()\n        return is_new\n',
        tests=(
            "tests/handlers/test_clearing.py::test_a_forgetting_that_ended_before_staging_was_dropped_is_completed_by_the_next",
        ),
    ),
    Mutant(
        name="the files of staging outlive a person",
        where="troupe/backends/local/warehouse.py",
        old="            self._bucket.discard(STAGING)\n",
        new="            self._bucket.uri(STAGING)\n",
        tests=(
            "tests/handlers/test_clearing.py::test_forgetting_reaches_what_a_killed_worker_left_in_staging",
        ),
    ),
    Mutant(
        name="a failure that was cleared is left out by the next plan",
        where="tracking/transactions/clear_history.sql",
        old="UPDATE error_tracking SET replan = TRUE\n",
        new="UPDATE error_tracking SET replan = FALSE\n",
        tests=(
            "tests/handlers/test_clearing.py::test_records_that_failed_are_brought_back_by_their_run",
        ),
    ),
    Mutant(
        name="a clearing of a run clears the records of all runs",
        where="tracking/fragments/privacy/clearable_records.sql",
        old="  AND (@run_id IS NULL OR p.first_processed_execution_id = @run_id)\n",
        new="",
        tests=(
            "tests/tracking/test_clearing_races.py::test_a_clearing_removes_the_rows_of_its_run_and_version_alone",
            "tests/handlers/test_clearing.py",
        ),
    ),
    Mutant(
        name="a clearing of records of a run clears the whole run",
        where="tracking/fragments/privacy/clearable_records.sql",
        old="  AND (COALESCE(ARRAY_LENGTH(@record_ids), 0) = 0 OR p.record_id IN UNNEST(@record_ids))\n",
        new="",
        tests=("tests/handlers/test_clearing.py::test_records_of_a_run_are_cleared_alone",),
    ),
    Mutant(
        name="a cancelled request is planned all the same",
        where="handlers/plan_run.py",
        old='        return ("cancelled", CANCELLED) if tracking.keep_unplanned(request.run_id) else None\n',
        new="        pass\n",
        tests=("tests/operations/test_cancel_all.py",),
    ),
    Mutant(
        name="a cancelled request leaves the job id of its plan to another delivery",
        where="tracking/tracking.py",
        old='        self._warehouse.run_once(job, transaction("keep_unplanned"), {"run_id": run_id})\n',
        new="",
        tests=("tests/operations/test_cancel_all.py",),
    ),
    Mutant(
        name="the switch for all runs leaves out what is not planned yet",
        where="troupe/operations/cancelling.py",
        old="*(each.run_id for each in result.runs), *result.requests",
        new="*(each.run_id for each in result.runs)",
        tests=("tests/operations/test_cancel_all.py",),
    ),
)
