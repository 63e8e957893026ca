-- Which events has their handler not finished, how often were they republished, and when last?
-- A dead-lettered event waits for an operator and is left out until it is replayed.
-- Distinct times are counted: an append whose reply was lost is repeated and writes a row twice.
WITH
expected AS (
  SELECT f.event_id, s.handler, MIN(f.recorded_at) AS recorded_at
  FROM events AS f
  JOIN UNNEST(@subscriptions) AS s ON s.topic = f.topic
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
    MAX(IF(outcome IN ('republished', 'replayed'), recorded_at, NULL)) AS published_again_at
  FROM deliveries
  WHERE recorded_on >= @since
  GROUP BY event_id, handler
)
SELECT
  t.event_id,
  t.handler,
  COALESCE(h.republished, 0) AS republished,
  TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), COALESCE(h.published_again_at, t.recorded_at), SECOND) AS silent_seconds
FROM expected AS t
LEFT JOIN handled AS h ON h.event_id = t.event_id AND h.handler = t.handler
WHERE h.is_done IS NOT TRUE AND h.is_dead_lettered IS NOT TRUE
ORDER BY t.recorded_at, t.event_id
