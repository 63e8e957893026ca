-- Errors of the last 90 days by hour, type and run.
SELECT
  TIMESTAMP_TRUNC(created_at, HOUR) AS hour,
  scope,
  error_type,
  cause,
  run_id,
  COUNT(*) AS errors,
  COUNT(DISTINCT record_id) AS records
FROM {dataset}error_tracking
WHERE created_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 90 DAY)
GROUP BY hour, scope, error_type, cause, run_id
