-- Count the records of a batch by their state after this attempt, whatever later attempts did.
SELECT
  COUNT(*) AS records,
  COUNTIF(p.record_id IS NOT NULL) AS analysed,
  COUNTIF(p.record_id IS NULL AND e.state = 'failed') AS failed,
  COUNTIF(p.record_id IS NULL AND e.state = 'released') AS released
FROM batch_records AS m
LEFT JOIN (
  SELECT DISTINCT record_id
  FROM processed_records
  WHERE first_processed_execution_id = @run_id AND batch = @batch AND attempt <= @attempt
    AND analysis = @analysis AND processed_at >= TIMESTAMP(@planned_on)
) AS p ON p.record_id = m.record_id
LEFT JOIN (
  SELECT record_id, IF(LOGICAL_OR(NOT replan), 'failed', 'released') AS state
  FROM error_tracking
  WHERE run_id = @run_id AND batch = @batch AND attempt <= @attempt AND NOT retryable
    AND record_id IS NOT NULL AND created_at >= TIMESTAMP(@planned_on)
  GROUP BY record_id
) AS e ON e.record_id = m.record_id
WHERE m.run_id = @run_id AND m.planned_on = @planned_on AND m.batch = @batch
