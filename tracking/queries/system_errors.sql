-- Which system errors are open: those that no record caused and no handler or operator has resolved?
-- An error is also resolved when its event was replayed as often as it was dead-lettered.
-- Distinct times are counted: an append whose reply was lost is repeated and writes a row twice.
WITH
handled AS (
  SELECT
    event_id,
    handler,
    LOGICAL_OR(outcome IN ('done', 'discarded')) AS is_done,
    COUNT(DISTINCT IF(outcome = 'dead_lettered', recorded_at, NULL)) AS dead_lettered,
    COUNT(DISTINCT IF(outcome = 'replayed', recorded_at, NULL)) AS replayed,
    MAX(IF(outcome = 'replayed', recorded_at, NULL)) AS replayed_at
  FROM deliveries
  WHERE recorded_on >= @since
  GROUP BY event_id, handler
)
SELECT e.error_type, e.cause, e.run_id, e.batch, e.attempt, e.detail, e.hint, e.created_at
FROM error_tracking AS e
LEFT JOIN handled AS h ON h.event_id = e.event_id AND h.handler = e.handler
WHERE e.scope = 'system' AND e.created_at >= TIMESTAMP(@since)
  AND (@run_id IS NULL OR e.run_id = @run_id)
  AND h.is_done IS NOT TRUE
  AND (CASE e.error_type
    WHEN 'stuck_event' THEN h.replayed_at > e.created_at
    ELSE h.replayed >= GREATEST(h.dead_lettered, 1)
  END) IS NOT TRUE
ORDER BY e.created_at DESC, e.error_id
LIMIT 100
