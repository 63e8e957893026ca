-- What went wrong that no record is to blame for, and that nobody has dealt with since?
-- What was replayed as often as it was dead-lettered is on its way again.
-- A row that was written twice counts once: an append whose answer is lost is made again.
WITH
handled AS (
  SELECT
    CONCAT(event_id, '__', handler) AS about,
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
LEFT JOIN handled AS h ON h.about = CASE e.error_type
  WHEN 'stuck_event' THEN SUBSTR(e.error_id, LENGTH('stuck_event__') + 1)
  WHEN 'dead_lettered' THEN SUBSTR(
    e.error_id,
    LENGTH('dead_lettered__') + 1,
    LENGTH(e.error_id) - LENGTH(CONCAT('dead_lettered__', '__', e.cause))
  )
END
WHERE e.scope = 'system' AND e.created_at >= TIMESTAMP(@since)
  AND (@run_id IS NULL OR e.run_id = @run_id)
  AND h.is_done IS NOT TRUE
  AND (CASE e.error_type
    WHEN 'stuck_event' THEN h.replayed_at > e.created_at
    ELSE h.replayed >= GREATEST(h.dead_lettered, 1)
  END) IS NOT TRUE
ORDER BY e.created_at DESC, e.error_id
LIMIT 100
