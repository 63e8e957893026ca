-- Which system errors are open: those that no record caused and no handler or operator has resolved?
-- The error of a dead letter is resolved when its event is done, or was replayed after that letter.
WITH
handled AS (
{delivery_states}
)
SELECT e.error_type, e.cause, e.run_id, e.batch, e.attempt, e.detail, e.hint, e.created_at
FROM error_tracking AS e
LEFT JOIN handled AS h ON h.event_id = e.event_id AND h.handler = e.handler
WHERE e.scope = 'system' AND e.created_at >= TIMESTAMP(@since)
  AND (@run_id IS NULL OR e.run_id = @run_id)
  AND h.is_done IS NOT TRUE
  AND (h.generation > e.generation) IS NOT TRUE
ORDER BY e.created_at DESC, e.error_id
LIMIT 100
