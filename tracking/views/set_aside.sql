-- Messages among the dead letters that nobody has replayed or discarded yet.
SELECT
  event_id,
  handler,
  run_id,
  MIN(topic) AS topic,
  MAX(IF(outcome = 'set_aside', reason, NULL)) AS cause,
  MAX(IF(outcome = 'set_aside', recorded_at, NULL)) AS set_aside_at
FROM {dataset}deliveries
WHERE recorded_on >= DATE_SUB(CURRENT_DATE(), INTERVAL 31 DAY)
GROUP BY event_id, handler, run_id
HAVING COUNT(DISTINCT IF(outcome = 'set_aside', recorded_at, NULL))
    > COUNT(DISTINCT IF(outcome = 'replayed', recorded_at, NULL))
  AND COUNTIF(outcome IN ('done', 'discarded')) = 0
