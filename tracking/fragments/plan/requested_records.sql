-- Which records does this attempt request? What earlier attempts left open decides, and nothing
-- later, so that a second run of the handler gets the same records.
SELECT m.*
FROM batch_records AS m
WHERE m.run_id = @run_id AND m.planned_on = @planned_on AND m.batch = @batch
  AND NOT EXISTS (
    SELECT 1 FROM processed_records AS p
    WHERE p.record_id = m.record_id AND p.analysis = m.analysis
      AND p.first_processed_execution_id = @run_id AND p.batch = @batch AND p.attempt < @attempt
      AND p.processed_at >= TIMESTAMP(@planned_on)
  )
  AND NOT EXISTS (
    SELECT 1 FROM error_tracking AS e
    WHERE e.record_id = m.record_id AND e.run_id = @run_id AND e.batch = @batch
      AND e.attempt < @attempt AND NOT e.retryable
      AND e.created_at >= TIMESTAMP(@planned_on)
  )
