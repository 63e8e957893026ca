-- Dead letters of the last 31 days that no operator has replayed or discarded yet.
SELECT
  event_id,
  handler,
  current_generation AS generation,
  run_id,
  MIN(topic) AS topic,
  MAX(IF(outcome = 'dead_lettered', reason, NULL)) AS cause,
  MAX(IF(outcome = 'dead_lettered', recorded_at, NULL)) AS dead_lettered_at
FROM (
  SELECT
    *,
    MAX(IF(outcome = 'replayed', generation, 0)) OVER (PARTITION BY event_id, handler)
      AS current_generation,
    LOGICAL_OR(outcome IN ('done', 'discarded')) OVER (PARTITION BY event_id, handler) AS is_done
  FROM {dataset}deliveries
  WHERE recorded_on >= DATE_SUB(CURRENT_DATE(), INTERVAL 31 DAY)
)
WHERE NOT is_done AND COALESCE(generation, 0) = current_generation
GROUP BY event_id, handler, current_generation, run_id
HAVING COUNTIF(outcome = 'dead_lettered') > 0
