-- How far is the run? Each batch counts once, however often its facts were told.
SELECT
  r.batches,
  b.finished,
  b.over_to,
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
    COALESCE(MAX(IF(k.place = k.batch, k.batch, 0)), 0) AS over_to,
    COUNTIF(k.batch = 1) > 0 AS canary_finished,
    COALESCE(SUM(k.analysed + k.failed + k.released), 0) AS records_over,
    COALESCE(SUM(k.failed), 0) AS failed_over,
    (
      SELECT SUM(c.cost) FROM attempt_closings AS c
      WHERE c.run_id = @run_id AND c.planned_on = @planned_on
    ) AS spent
  FROM (
    SELECT
      batch, analysed, failed, released,
      DENSE_RANK() OVER (PARTITION BY run_id ORDER BY batch) AS place
    FROM attempt_closings AS c
    WHERE c.run_id = @run_id AND c.planned_on = @planned_on AND c.open = 0
      AND EXISTS (
        SELECT 1 FROM facts AS f
        WHERE f.run_id = @run_id AND f.recorded_on >= @planned_on AND f.batch = c.batch
          AND f.topic IN ('batch-completed', 'batch-abandoned')
      )
  ) AS k
) AS b
WHERE r.run_id = @run_id
