-- Which events has their handler not finished, how often were they republished, and when last?
-- A dead-lettered event waits for an operator and is left out until it is replayed.
WITH
expected AS (
  SELECT f.event_id, s.handler, MIN(f.recorded_at) AS recorded_at
  FROM events AS f
  JOIN UNNEST(@subscriptions) AS s ON s.topic = f.topic
  WHERE f.recorded_on >= @since
  GROUP BY f.event_id, s.handler
),
handled AS (
{delivery_states}
)
SELECT
  t.event_id,
  t.handler,
  COALESCE(h.generation, 0) AS generation,
  COALESCE(h.republished, 0) AS republished,
  COALESCE(h.is_given_up, FALSE) AS is_given_up,
  -- The republication after a wait names the wait that it ends.
  IF(h.waits_until > h.waited_until OR h.waited_until IS NULL, h.waits_until, NULL) AS waits_until,
  COALESCE(h.waits_until <= CURRENT_TIMESTAMP(), FALSE) AS wait_is_over,
  TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), COALESCE(h.published_again_at, t.recorded_at), SECOND) AS silent_seconds
FROM expected AS t
LEFT JOIN handled AS h ON h.event_id = t.event_id AND h.handler = t.handler
WHERE h.is_done IS NOT TRUE AND h.is_dead_lettered IS NOT TRUE
ORDER BY t.recorded_at, t.event_id
