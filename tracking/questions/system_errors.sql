-- What went wrong that no record is to blame for?
SELECT error_type, cause, run_id, batch, attempt, detail, hint, created_at
FROM error_tracking
WHERE scope = 'system' AND created_at >= TIMESTAMP(@since) AND (@run_id IS NULL OR run_id = @run_id)
ORDER BY created_at DESC, error_id
LIMIT 100
