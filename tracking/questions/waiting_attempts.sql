-- Which attempts hold a claim and wait for Vertex to end their jobs, and which jobs are known?
SELECT
  c.run_id,
  c.planned_on,
  c.batch,
  c.attempt,
  c.first_claimed_at,
  c.newest_claim_age,
  c.claims,
  EXISTS (
    SELECT 1 FROM facts AS s
    WHERE s.run_id = c.run_id AND s.topic = 'run-stopped' AND s.recorded_on >= @since
  ) AS stopped,
  (
    SELECT STRING_AGG(DISTINCT JSON_VALUE(f.data, '$.job'), ' ')
    FROM facts AS f
    WHERE f.run_id = c.run_id AND f.topic = 'job-submitted' AND f.recorded_on >= @since
      AND f.batch = c.batch AND f.attempt = c.attempt
  ) AS jobs
FROM (
  SELECT
    run_id, planned_on, batch, attempt,
    MIN(claimed_at) AS first_claimed_at,
    MIN(TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), claimed_at, SECOND)) AS newest_claim_age,
    MAX(claim) AS claims
  FROM claims
  WHERE planned_on >= @since AND verdict = 'create'
  GROUP BY run_id, planned_on, batch, attempt
) AS c
WHERE NOT EXISTS (
    SELECT 1 FROM attempt_closings AS k
    WHERE k.run_id = c.run_id AND k.planned_on = c.planned_on AND k.batch = c.batch
      AND k.attempt = c.attempt
  )
  AND NOT EXISTS (
    SELECT 1 FROM facts AS e
    WHERE e.run_id = c.run_id AND e.recorded_on >= @since AND e.batch = c.batch
      AND e.attempt = c.attempt AND e.topic IN ('job-succeeded', 'job-failed', 'job-cancelled')
  )
ORDER BY c.run_id, c.batch, c.attempt
