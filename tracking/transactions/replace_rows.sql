-- Replace the rows of changed transcripts, all of them or none, when the run that asked again is over.
-- A record without a new answer keeps its old row. The plan froze when the old rows were stored, so
-- no other partition is touched, and no row of a later run.
BEGIN TRANSACTION;

-- Every plan updates this row first, so no plan sees a part of this transaction.
UPDATE planning_lock SET plans = plans + 1, last_run_id = @run_id WHERE TRUE;

CREATE TEMP TABLE cleared AS
SELECT o.first_processed_execution_id AS run_id, o.record_id, o.batch, o.attempt
FROM processed_records AS o
JOIN processed_records AS n ON n.record_id = o.record_id AND n.analysis = o.analysis
WHERE o.analysis = @analysis AND o.first_processed_execution_id <> @run_id
  AND o.processed_at >= @stored_from AND o.processed_at <= @stored_to
  AND n.first_processed_execution_id = @run_id AND n.processed_at >= TIMESTAMP(@planned_on);

{delete_cleared}

COMMIT TRANSACTION;
