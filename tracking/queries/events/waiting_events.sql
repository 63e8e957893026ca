-- Which events of a run has their handler not finished? The newest delivery of each, with its reason.
SELECT h.event_id, h.topic, h.handler, COALESCE(h.generation, 0) AS generation, h.outcome, h.reason, h.not_before, h.recorded_at
FROM deliveries AS h
WHERE h.run_id = @run_id AND h.recorded_on >= @since
  AND NOT EXISTS (
    SELECT 1 FROM deliveries AS d
    WHERE d.event_id = h.event_id AND d.handler = h.handler AND d.recorded_on >= @since
      AND (d.outcome IN ('done', 'discarded') OR (d.outcome = 'replayed' AND d.generation > COALESCE(h.generation, 0)))
  )
QUALIFY ROW_NUMBER() OVER (PARTITION BY h.event_id, h.handler ORDER BY h.recorded_at DESC) = 1
ORDER BY h.recorded_at
