-- How far is each event with its handler? An operator's replay begins a generation: what an older
-- generation brought about lifts and blocks nothing. Rows carry numbers, and none is counted, because
-- an append whose reply was lost is repeated and writes a row twice.
SELECT
  event_id,
  handler,
  MIN(topic) AS topic,
  MIN(run_id) AS run_id,
  MIN(batch) AS batch,
  MAX(current_generation) AS generation,
  LOGICAL_OR(outcome IN ('done', 'discarded')) AS is_done,
  LOGICAL_OR(outcome = 'discarded') AS is_discarded,
  LOGICAL_OR(is_current AND outcome = 'dead_lettered') AS is_dead_lettered,
  MIN(IF(is_current AND outcome = 'dead_lettered', reason, NULL)) AS cause,
  MIN(IF(is_current AND outcome = 'dead_lettered', recorded_at, NULL)) AS dead_lettered_at,
  LOGICAL_OR(is_current AND outcome = 'given_up') AS is_given_up,
  COALESCE(MAX(IF(is_current, republication, NULL)), 0) AS republished,
  MAX(IF(is_current AND outcome IN ('republished', 'given_up', 'replayed'), recorded_at, NULL))
    AS published_again_at,
  MAX(IF(is_current AND outcome = 'waited', not_before, NULL)) AS waits_until,
  MAX(IF(is_current AND outcome = 'republished', not_before, NULL)) AS waited_until
FROM (
  SELECT *, COALESCE(generation, 0) = current_generation AS is_current
  FROM (
    SELECT
      *,
      MAX(IF(outcome = 'replayed', generation, 0)) OVER (PARTITION BY event_id, handler)
        AS current_generation
    FROM deliveries
    WHERE recorded_on >= @since AND {of_deliveries}
  )
)
GROUP BY event_id, handler
