-- How many batches and records after batch @after are over? The caller has counted those up to it.
-- Each batch counts once, however often its events were recorded.
SELECT
  r.batches,
  b.finished,
  b.over_to,
  b.canary_finished,
  b.records,
  b.failed,
  b.records_over_to,
  b.failed_over_to,
  EXISTS (
    SELECT 1 FROM events AS f
    WHERE f.run_id = @run_id AND f.topic = 'run-stopped' AND f.recorded_on >= @planned_on
  ) AS stopped
FROM run_plans AS r
CROSS JOIN (
  SELECT
    @after + COUNTIF(k.is_over) AS finished,
    @after + COUNTIF(k.is_over_to) AS over_to,
    @after > 0 OR COUNTIF(k.is_over AND k.batch = 1) > 0 AS canary_finished,
    COALESCE(SUM(IF(k.is_over, k.records, 0)), 0) AS records,
    COALESCE(SUM(IF(k.is_over, k.failed, 0)), 0) AS failed,
    COALESCE(SUM(IF(k.is_over_to, k.records, 0)), 0) AS records_over_to,
    COALESCE(SUM(IF(k.is_over_to, k.failed, 0)), 0) AS failed_over_to
  FROM (
    SELECT
      c.*,
      c.is_over
      AND ROW_NUMBER() OVER (PARTITION BY c.is_over ORDER BY c.batch) = c.batch - @after
      AS is_over_to
    FROM (
      SELECT
        a.batch,
        LOGICAL_OR(a.open = 0) AND LOGICAL_OR(f.batch IS NOT NULL) AS is_over,
        SUM(IF(a.open = 0, a.analysed + a.failed + a.released, 0)) AS records,
        SUM(IF(a.open = 0, a.failed, 0)) AS failed
      FROM attempt_closings AS a
      LEFT JOIN (
        SELECT DISTINCT batch
        FROM events
        WHERE run_id = @run_id AND recorded_on >= @planned_on AND batch > @after
          AND topic IN ('batch-completed', 'batch-abandoned')
      ) AS f ON f.batch = a.batch
      WHERE a.run_id = @run_id AND a.planned_on = @planned_on AND a.batch > @after
      GROUP BY a.batch
    ) AS c
  ) AS k
) AS b
WHERE r.run_id = @run_id
