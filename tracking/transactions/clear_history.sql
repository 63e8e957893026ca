-- Clear the history of a run or of records, all of it or nothing: delete processed records and their
-- analysed rows, and lift failures, so that the next plan takes the records again.
-- The errors themselves stay, marked for the next plan.
BEGIN TRANSACTION;

-- Every plan updates this row first, so no plan sees a part of this transaction.
UPDATE planning_lock SET plans = plans + 1, last_run_id = @run_id WHERE TRUE;

CREATE TEMP TABLE clearable_records AS
{clearable_records};

CREATE TEMP TABLE cleared AS
SELECT e.run_id, e.record_id, MAX(e.batch) AS batch, MAX(e.attempt) AS attempt
FROM (
  SELECT p.first_processed_execution_id AS run_id, p.record_id, p.batch, p.attempt
  FROM processed_records AS p
  WHERE p.analysis = @analysis AND p.record_id IN (SELECT record_id FROM clearable_records)
  UNION ALL
  SELECT f.run_id, f.record_id, f.batch, f.attempt
  FROM error_tracking AS f
  WHERE f.analysis = @analysis AND f.scope = 'record' AND NOT f.retryable AND NOT f.replan
    AND f.record_id IN (SELECT record_id FROM clearable_records)
) AS e
WHERE IF(EXISTS (
{held_by_open_runs}
    AND m.analysis = @analysis AND (
      m.run_id = @run_id OR m.record_id IN (SELECT record_id FROM clearable_records)
    )
  ), ERROR('an open run holds one of these records'), TRUE)
GROUP BY e.run_id, e.record_id;

{delete_cleared}

UPDATE error_tracking SET replan = TRUE
WHERE analysis = @analysis AND scope = 'record' AND NOT retryable AND NOT replan
  AND record_id IN (SELECT record_id FROM cleared);

COMMIT TRANSACTION;
