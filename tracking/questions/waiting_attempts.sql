-- Which attempts hold a claim and wait for Vertex to end their jobs?
SELECT
  c.run_id,
  c.planned_on,
  c.batch,
  c.attempt,
  MIN(c.claimed_at) AS first_claimed_at,
  MIN(TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), c.claimed_at, SECOND)) AS newest_claim_age,
  MAX(c.claim) AS claims,
  EXISTS (
    SELECT 1 FROM facts AS s
    WHERE s.run_id = c.run_id AND s.topic = 'run-stopped' AND s.recorded_on >= @since
  ) AS stopped
FROM claims AS c
WHERE c.planned_on >= @since AND c.verdict = 'create'
  AND NOT EXISTS (
    SELECT 1 FROM attempt_closings AS k
    WHERE k.run_id = c.run_id AND k.planned_on = c.planned_on AND k.batch = c.batch AND k.attempt = c.attempt
  )
  AND NOT EXISTS (
    SELECT 1 FROM facts AS f
    WHERE f.run_id = c.run_id AND f.recorded_on >= @since AND f.batch = c.batch
      AND f.attempt = c.attempt AND f.topic IN ('job-succeeded', 'job-failed', 'job-cancelled')
  )
GROUP BY c.run_id, c.planned_on, c.batch, c.attempt
ORDER BY c.run_id, c.batch, c.attempt
