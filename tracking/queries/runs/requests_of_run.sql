-- Which requests named this run, and was each refused?
SELECT
  q.event_id, q.topic, q.recorded_at,
  EXISTS (
    SELECT 1 FROM events AS f
    WHERE f.topic = 'run-refused' AND f.run_id = @run_id AND f.recorded_on >= @since
      AND JSON_VALUE(f.data, '$.request_id') = q.event_id
  ) AS is_refused
FROM events AS q
WHERE q.run_id = @run_id AND q.topic IN ('run-requested', 'reprocess-requested', 'reread-requested')
  AND q.recorded_on >= @since
ORDER BY q.recorded_at
