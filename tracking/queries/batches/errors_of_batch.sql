-- Which errors were stored for the records of this batch, by attempt and type?
SELECT
  attempt, error_type, cause, scope, retryable, replan, hint,
  COUNT(*) AS errors,
  COUNT(DISTINCT record_id) AS records
FROM error_tracking
WHERE run_id = @run_id AND batch = @batch
GROUP BY attempt, error_type, cause, scope, retryable, replan, hint
ORDER BY attempt, errors DESC, error_type, cause
