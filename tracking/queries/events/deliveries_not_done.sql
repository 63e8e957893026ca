-- Which deliveries of the run's events did not end as done? Of one @batch, or of all when it is NULL.
SELECT
  h.topic, h.handler, h.outcome, h.reason, COALESCE(h.generation, 0) AS generation, h.not_before, h.delivery_attempt, h.recorded_at,
  f.batch, f.attempt
FROM deliveries AS h
JOIN (
  SELECT event_id, MIN(batch) AS batch, MIN(attempt) AS attempt
  FROM events
  WHERE run_id = @run_id AND recorded_on >= @planned_on
  GROUP BY event_id
) AS f ON f.event_id = h.event_id
WHERE h.run_id = @run_id AND h.recorded_on >= @planned_on AND h.outcome <> 'done'
  AND (@batch IS NULL OR f.batch = @batch)
ORDER BY h.recorded_at, h.topic, h.handler
LIMIT 200
