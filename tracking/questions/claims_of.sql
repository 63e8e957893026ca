-- Which claims were taken for this attempt, how old are they, and which job did each bring?
SELECT
  c.claim,
  c.verdict,
  TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), c.claimed_at, SECOND) AS age_seconds,
  (
    SELECT MIN(JSON_VALUE(f.data, '$.job'))
    FROM facts AS f
    WHERE f.run_id = @run_id AND f.topic = 'job-submitted' AND f.recorded_on >= @planned_on
      AND f.batch = @batch AND f.attempt = @attempt
      AND CAST(JSON_VALUE(f.data, '$.claim') AS INT64) = c.claim
  ) AS job
FROM claims AS c
WHERE c.run_id = @run_id AND c.planned_on = @planned_on AND c.batch = @batch AND c.attempt = @attempt
ORDER BY c.claim
