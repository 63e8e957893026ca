-- Clear the history of a run or of records, all of it or nothing: delete processed records and their
-- analysed rows, and lift failures, so that the next plan takes the records again.
-- Each cleared record gets an error of type `cleared` in each run that stored it or saw it fail: the
-- totals of these runs still balance, and a handler that gets an old event again finds the same
-- records closed. The errors themselves stay, marked for the next plan.
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

DELETE FROM {output}
WHERE CONCAT(run_id, '/', record_id) IN (SELECT CONCAT(c.run_id, '/', c.record_id) FROM cleared AS c);

-- error_id and clearing_id follow events/ids.py.
INSERT INTO error_tracking (
  error_id, error_type, cause, scope, analysis, record_id, run_id, batch, attempt, retryable, replan,
  hint, detail, created_at
)
SELECT
  CONCAT(@clearing_id, '__', c.run_id, '__', c.record_id), 'cleared', NULL, 'record', @analysis,
  c.record_id, c.run_id, c.batch, c.attempt, t.retryable, t.replan, t.hint, NULL, CURRENT_TIMESTAMP()
FROM cleared AS c
JOIN UNNEST(@error_type_rows) AS t ON t.error_type = 'cleared'
WHERE NOT EXISTS (
  SELECT 1 FROM error_tracking AS e
  WHERE e.error_id = CONCAT(@clearing_id, '__', c.run_id, '__', c.record_id)
);

UPDATE error_tracking SET replan = TRUE
WHERE analysis = @analysis AND scope = 'record' AND NOT retryable AND NOT replan
  AND record_id IN (SELECT record_id FROM cleared);

DELETE FROM processed_records
WHERE analysis = @analysis AND record_id IN (SELECT record_id FROM cleared);

INSERT INTO history_clearings (clearing_id, run_id, records, reason, cleared_at)
SELECT CONCAT(@clearing_id, '__', c.run_id), c.run_id, COUNT(*), @reason, CURRENT_TIMESTAMP()
FROM cleared AS c
WHERE NOT EXISTS (
  SELECT 1 FROM history_clearings AS h WHERE h.clearing_id = CONCAT(@clearing_id, '__', c.run_id)
)
GROUP BY c.run_id;

COMMIT TRANSACTION;
