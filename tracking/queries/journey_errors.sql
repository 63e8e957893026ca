-- Which errors did this record meet?
SELECT
  error_id, error_type, cause, scope, run_id, batch, attempt, retryable, replan, hint, detail,
  created_at
FROM error_tracking
WHERE record_id = @record_id
ORDER BY created_at, run_id, batch, attempt, retryable DESC, error_type
