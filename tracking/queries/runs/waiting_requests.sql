-- Which requests are neither planned nor refused yet?
SELECT q.run_id, MIN(q.recorded_at) AS requested_at
FROM events AS q
WHERE q.topic IN ('run-requested', 'reprocess-requested', 'reread-requested') AND q.recorded_on >= @since
  AND q.run_id IS NOT NULL AND (@run_id IS NULL OR q.run_id = @run_id)
  AND NOT EXISTS (SELECT 1 FROM run_plans AS p WHERE p.run_id = q.run_id)
  AND NOT EXISTS (
    SELECT 1 FROM events AS f
    WHERE f.topic = 'run-refused' AND f.recorded_on >= @since AND f.run_id = q.run_id
      AND JSON_VALUE(f.data, '$.request_id') = q.event_id
  )
GROUP BY q.run_id
ORDER BY requested_at, q.run_id
