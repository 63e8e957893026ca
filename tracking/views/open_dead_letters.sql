-- Dead-lettered messages that no operator has replayed or discarded yet.
SELECT
  event_id,
  handler,
  run_id,
  MIN(topic) AS topic,
  MAX(IF(outcome = 'dead_lettered', reason, NULL)) AS cause,
  MAX(IF(outcome = 'dead_lettered', recorded_at, NULL)) AS dead_lettered_at
FROM {dataset}deliveries
WHERE recorded_on >= DATE_SUB(CURRENT_DATE(), INTERVAL 31 DAY)
GROUP BY event_id, handler, run_id
HAVING COUNT(DISTINCT IF(outcome = 'dead_lettered', recorded_at, NULL))
    > COUNT(DISTINCT IF(outcome = 'replayed', recorded_at, NULL))
  AND COUNTIF(outcome IN ('done', 'discarded')) = 0
