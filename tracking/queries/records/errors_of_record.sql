-- Which errors were stored for this record?
SELECT
  error_id, error_type, cause, scope, run_id, batch, attempt, job, line, retryable, replan, hint,
  detail, created_at
FROM error_tracking
WHERE record_id = @record_id
ORDER BY created_at, run_id, batch, attempt, retryable DESC, error_type
