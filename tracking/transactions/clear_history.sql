-- Delete the processed records of a run and their analysed rows, all of them or none.
-- Each cleared record gets an error of type `cleared`: the totals of the run still balance, and a
-- handler that gets an old event again finds the same records closed.
BEGIN TRANSACTION;

-- Every plan updates this row first, so no plan sees a part of this transaction.
UPDATE planning_lock SET plans = plans + 1, last_run_id = @run_id WHERE TRUE;

CREATE TEMP TABLE cleared AS
SELECT p.record_id, p.batch, p.attempt
FROM processed_records AS p
WHERE p.first_processed_execution_id = @run_id AND p.analysis = @analysis
  AND IF(EXISTS (
{held_by_open_runs}
    AND m.analysis = @analysis AND (
      m.run_id = @run_id
      OR m.record_id IN (
        SELECT q.record_id FROM processed_records AS q
        WHERE q.first_processed_execution_id = @run_id AND q.analysis = @analysis
      )
    )
  ), ERROR('an open run holds one of these records'), TRUE);

DELETE FROM {output}
WHERE run_id = @run_id AND record_id IN (SELECT record_id FROM cleared);

-- error_id follows events/ids.py.
INSERT INTO error_tracking (
  error_id, error_type, cause, scope, analysis, record_id, run_id, batch, attempt, retryable, replan,
  hint, detail, created_at
)
SELECT
  CONCAT(@clearing_id, '__', c.record_id), 'cleared', NULL, 'record', @analysis, c.record_id, @run_id,
  c.batch, c.attempt, t.retryable, t.replan, t.hint, NULL, CURRENT_TIMESTAMP()
FROM cleared AS c
JOIN UNNEST(@error_type_rows) AS t ON t.error_type = 'cleared'
WHERE NOT EXISTS (
  SELECT 1 FROM error_tracking AS e WHERE e.error_id = CONCAT(@clearing_id, '__', c.record_id)
);

DELETE FROM processed_records
WHERE first_processed_execution_id = @run_id AND analysis = @analysis
  AND record_id IN (SELECT record_id FROM cleared);

INSERT INTO history_clearings (clearing_id, run_id, records, reason, cleared_at)
SELECT @clearing_id, @run_id, c.records, @reason, CURRENT_TIMESTAMP()
FROM (SELECT COUNT(*) AS records FROM cleared) AS c
WHERE NOT EXISTS (SELECT 1 FROM history_clearings AS h WHERE h.clearing_id = @clearing_id);

COMMIT TRANSACTION;
