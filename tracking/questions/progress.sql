-- How far is the run? Each batch counts once, however often its facts were told.
SELECT
  r.batches,
  b.finished,
  b.canary_finished,
  b.records_over,
  b.failed_over,
  b.spent,
  EXISTS (
    SELECT 1 FROM facts AS f
    WHERE f.run_id = @run_id AND f.topic = 'run-stopped' AND f.recorded_on >= @planned_on
  ) AS stopped
FROM run_plans AS r
CROSS JOIN (
  SELECT
    COUNT(DISTINCT k.batch) AS finished,
    COUNTIF(k.batch = 1) > 0 AS canary_finished,
    COALESCE(SUM(k.analysed + k.failed + k.released), 0) AS records_over,
    COALESCE(SUM(k.failed), 0) AS failed_over,
    (
      SELECT SUM(c.cost) FROM attempt_closings AS c
      WHERE c.run_id = @run_id AND c.planned_on = @planned_on
    ) AS spent
  FROM attempt_closings AS k
  WHERE k.run_id = @run_id AND k.planned_on = @planned_on AND k.open = 0
    AND EXISTS (
      SELECT 1 FROM facts AS f
      WHERE f.run_id = @run_id AND f.recorded_on >= @planned_on AND f.batch = k.batch
        AND f.topic IN ('batch-completed', 'batch-abandoned')
    )
) AS b
WHERE r.run_id = @run_id
