-- Which errors were stored for the run, by type and cause, and how many records had them?
SELECT
  error_type,
  cause,
  scope,
  retryable,
  replan,
  hint,
  COUNT(*) AS errors,
  COUNT(DISTINCT record_id) AS records
FROM error_tracking
WHERE run_id = @run_id
GROUP BY error_type, cause, scope, retryable, replan, hint
ORDER BY errors DESC, error_type, cause
