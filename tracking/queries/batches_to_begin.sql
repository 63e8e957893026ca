-- Which batches after @after up to @last have no begun attempt, and how many records do they hold?
-- A first batch-planned event that was dead-lettered waits for an operator and is left out.
SELECT m.batch, m.records
FROM (
  SELECT batch, COUNT(*) AS records
  FROM batch_records
  WHERE run_id = @run_id AND planned_on = @planned_on AND batch > @after AND batch <= @last
  GROUP BY batch
) AS m
LEFT JOIN (
  SELECT
    f.batch,
    LOGICAL_OR(h.outcome IN ('done', 'discarded')) AS is_done,
    COUNT(DISTINCT IF(h.outcome = 'dead_lettered', h.recorded_at, NULL))
      > COUNT(DISTINCT IF(h.outcome = 'replayed', h.recorded_at, NULL)) AS is_dead_lettered
  FROM (
    SELECT DISTINCT event_id, batch
    FROM events
    WHERE run_id = @run_id AND topic = 'batch-planned' AND recorded_on >= @planned_on
      AND batch > @after AND batch <= @last AND attempt = 1
  ) AS f
  JOIN deliveries AS h ON h.event_id = f.event_id
  WHERE h.run_id = @run_id AND h.recorded_on >= @planned_on
    AND h.topic = 'batch-planned' AND h.batch > @after AND h.batch <= @last
  GROUP BY f.batch
) AS b ON b.batch = m.batch
WHERE b.is_done IS NOT TRUE AND b.is_dead_lettered IS NOT TRUE
ORDER BY m.batch
