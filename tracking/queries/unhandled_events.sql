-- Which events has their handler not finished, how often were they republished, and when last?
-- What was dead-lettered is left to the operators until a replay lifts it.
-- A row that was written twice counts once: an append whose answer is lost is made again.
WITH
told AS (
  SELECT f.event_id, s.handler, MIN(f.recorded_at) AS recorded_at
  FROM events AS f
  JOIN UNNEST(@score) AS s ON s.topic = f.topic
  WHERE f.recorded_on >= @since
  GROUP BY f.event_id, s.handler
),
handled AS (
  SELECT
    event_id,
    handler,
    LOGICAL_OR(outcome IN ('done', 'discarded')) AS is_done,
    COUNT(DISTINCT IF(outcome = 'dead_lettered', recorded_at, NULL))
      > COUNT(DISTINCT IF(outcome = 'replayed', recorded_at, NULL)) AS is_dead_lettered,
    COUNT(DISTINCT IF(outcome = 'republished', recorded_at, NULL)) AS republished,
    MAX(IF(outcome IN ('republished', 'replayed'), recorded_at, NULL)) AS told_again_at
  FROM deliveries
  WHERE recorded_on >= @since
  GROUP BY event_id, handler
)
SELECT
  t.event_id,
  t.handler,
  COALESCE(h.republished, 0) AS republished,
  TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), COALESCE(h.told_again_at, t.recorded_at), SECOND) AS silent_seconds
FROM told AS t
LEFT JOIN handled AS h ON h.event_id = t.event_id AND h.handler = t.handler
WHERE h.is_done IS NOT TRUE AND h.is_dead_lettered IS NOT TRUE
ORDER BY t.recorded_at, t.event_id
