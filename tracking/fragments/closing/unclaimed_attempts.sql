-- The open attempts of a run on which no claim is held, one for each batch, begun or not. A claim
-- that was returned is not held.
SELECT
  b.batch,
  COALESCE(k.attempt, 0) + 1 AS attempt,
  COALESCE(k.analysed, 0) AS analysed,
  COALESCE(k.failed, 0) AS failed,
  COALESCE(k.released, 0) AS released,
  COALESCE(k.open, b.records) AS open
FROM batch_plans AS b
LEFT JOIN (
  SELECT
    batch, MAX(attempt) AS attempt, MAX(analysed) AS analysed, MAX(failed) AS failed,
    MAX(released) AS released, MIN(open) AS open
  FROM attempt_closings
  WHERE run_id = @run_id AND planned_on = @planned_on
  GROUP BY batch
) AS k ON k.batch = b.batch
LEFT JOIN (
  SELECT DISTINCT c.batch, c.attempt
  FROM claims AS c
  WHERE c.run_id = @run_id AND c.planned_on = @planned_on AND c.state <> 'returned'
    AND NOT EXISTS (
      SELECT 1 FROM claims AS r
      WHERE r.run_id = @run_id AND r.planned_on = @planned_on AND r.batch = c.batch
        AND r.attempt = c.attempt AND r.claim = c.claim AND r.state = 'returned'
    )
) AS c ON c.batch = b.batch AND c.attempt = COALESCE(k.attempt, 0) + 1
WHERE b.run_id = @run_id AND b.planned_on = @planned_on
  AND COALESCE(k.open, b.records) > 0 AND c.batch IS NULL
