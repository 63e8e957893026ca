-- The state of each record of a run, one row per record, recomputed from rows and errors alone.
SELECT
  m.batch,
  m.record_id,
  p.record_id IS NOT NULL AS is_processed,
  o.records AS output_rows,
  CASE
    WHEN p.record_id IS NOT NULL THEN 'analysed'
    WHEN e.is_cleared THEN 'cleared'
    WHEN e.state IS NOT NULL THEN e.state
    ELSE 'open'
  END AS state,
  e.error_type,
  e.cause
FROM batch_records AS m
LEFT JOIN (
  SELECT DISTINCT record_id, analysis
  FROM processed_records
  WHERE first_processed_execution_id = @run_id
) AS p ON p.record_id = m.record_id AND p.analysis = m.analysis
LEFT JOIN (
  SELECT record_id, COUNT(*) AS records
  FROM {output}
  WHERE run_id = @run_id
  GROUP BY record_id
) AS o ON o.record_id = m.record_id
LEFT JOIN (
  SELECT
    record_id,
    IF(LOGICAL_OR(NOT replan), 'failed', 'released') AS state,
    LOGICAL_OR(error_type = 'cleared') AS is_cleared,
    MAX(error_type) AS error_type,
    MAX(cause) AS cause
  FROM error_tracking
  WHERE run_id = @run_id AND batch IS NOT NULL AND NOT retryable AND record_id IS NOT NULL
  GROUP BY record_id
) AS e ON e.record_id = m.record_id
WHERE m.run_id = @run_id AND m.planned_on = @planned_on
