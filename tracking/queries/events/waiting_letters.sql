-- Which dead letters wait for an operator, oldest first? Those of the newest generation of each event.
-- The deliveries decide: a letter's own row expires before the longest run ends.
WITH
states AS (
{delivery_states}
)
SELECT
  s.event_id,
  s.handler,
  s.generation,
  s.topic,
  s.run_id,
  s.batch,
  l.attempt,
  s.cause,
  l.detail,
  l.deliveries,
  l.body,
  s.dead_lettered_at
FROM states AS s
LEFT JOIN (
  SELECT event_id, handler, generation, attempt, detail, deliveries, body
  FROM dead_letters
  WHERE recorded_on >= @since
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY event_id, handler, generation ORDER BY dead_lettered_at, cause
  ) = 1
) AS l ON l.event_id = s.event_id AND l.handler = s.handler AND l.generation = s.generation
WHERE s.is_dead_lettered AND NOT s.is_done
ORDER BY s.dead_lettered_at, s.event_id, s.handler
