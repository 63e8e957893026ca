-- Which batches up to this number has nobody begun yet, and how many records do they hold?
SELECT m.batch, COUNT(*) AS records
FROM batch_records AS m
WHERE m.run_id = @run_id AND m.planned_on = @planned_on AND m.batch <= @last
  AND NOT EXISTS (
    SELECT 1
    FROM facts AS f
    JOIN handlings AS h ON h.fact_id = f.fact_id
    WHERE f.run_id = @run_id AND f.topic = 'batch-planned' AND f.recorded_on >= @planned_on
      AND f.batch = m.batch AND f.attempt = 1
      AND h.run_id = @run_id AND h.recorded_on >= @planned_on AND h.outcome = 'done'
  )
GROUP BY m.batch
ORDER BY m.batch
