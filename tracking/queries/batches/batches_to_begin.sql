-- Which batches after @after up to @last have no begun attempt, and how many records do they hold?
-- A first event of a batch that was dead-lettered waits for an operator and is left out.
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
    LOGICAL_OR(h.outcome = 'dead_lettered' AND h.is_current) AS is_dead_lettered
  FROM (
    SELECT DISTINCT event_id, batch
    FROM events
    WHERE run_id = @run_id AND topic IN ('batch-planned', 'reread-planned') AND recorded_on >= @planned_on
      AND batch > @after AND batch <= @last AND attempt = 1
  ) AS f
  JOIN (
    SELECT
      event_id, outcome,
      COALESCE(generation, 0)
        = MAX(IF(outcome = 'replayed', generation, 0)) OVER (PARTITION BY event_id) AS is_current
    FROM deliveries
    WHERE run_id = @run_id AND recorded_on >= @planned_on
      AND topic IN ('batch-planned', 'reread-planned') AND batch > @after AND batch <= @last
  ) AS h ON h.event_id = f.event_id
  GROUP BY f.batch
) AS b ON b.batch = m.batch
WHERE b.is_done IS NOT TRUE AND b.is_dead_lettered IS NOT TRUE
ORDER BY m.batch
