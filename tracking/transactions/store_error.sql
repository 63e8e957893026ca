-- Store one system error, once.
INSERT INTO error_tracking (
  error_id, error_type, cause, scope, analysis, record_id, run_id, batch, attempt, event_id, handler,
  generation, retryable, replan, hint, detail, created_at
)
SELECT
  @error_id, @error_type, @cause, 'system', NULL, NULL, @run_id, @batch, @attempt, @event_id,
  @handler, @generation, FALSE, FALSE, @hint, @detail, CURRENT_TIMESTAMP()
FROM (SELECT 1 AS one) AS o
WHERE NOT EXISTS (SELECT 1 FROM error_tracking AS e WHERE e.error_id = @error_id)
