-- Which attempts hold a claim and are not closed, which jobs of them are known, and which ends are
-- recorded? All of them, or only one @batch and @attempt when @run_id is given.
SELECT
  c.run_id,
  c.planned_on,
  c.batch,
  c.attempt,
  c.first_claimed_at,
  c.newest_claim_age,
  c.newest_claim,
  c.is_void,
  s.run_id IS NOT NULL AS stopped,
  f.jobs,
  e.ends
FROM (
  SELECT
    h.run_id, h.planned_on, h.batch, h.attempt,
    MIN(h.claimed_at) AS first_claimed_at,
    -- A void claim brings no job: only the others are waited for.
    COALESCE(
      MIN(IF(h.state = 'create', TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), h.claimed_at, SECOND), NULL)), 0
    ) AS newest_claim_age,
    MAX(IF(h.state = 'create', h.claim, 0)) AS newest_claim,
    LOGICAL_OR(h.state = 'void') AS is_void
  FROM claims AS h
  WHERE h.planned_on >= @since AND h.state <> 'returned'
    AND (@run_id IS NULL OR (h.run_id = @run_id AND h.batch = @batch AND h.attempt = @attempt))
    AND NOT EXISTS (
      SELECT 1 FROM claims AS r
      WHERE r.planned_on >= @since AND r.run_id = h.run_id AND r.batch = h.batch
        AND r.attempt = h.attempt AND r.claim = h.claim AND r.state = 'returned'
        AND (@run_id IS NULL OR (r.run_id = @run_id AND r.batch = @batch AND r.attempt = @attempt))
    )
  GROUP BY h.run_id, h.planned_on, h.batch, h.attempt
) AS c
LEFT JOIN (
  SELECT DISTINCT run_id
  FROM events
  WHERE recorded_on >= @since AND topic = 'run-stopped' AND (@run_id IS NULL OR run_id = @run_id)
) AS s ON s.run_id = c.run_id
LEFT JOIN (
  SELECT
    run_id, batch, attempt,
    STRING_AGG(DISTINCT JSON_VALUE(data, '$.job'), ' ') AS jobs
  FROM events
  WHERE recorded_on >= @since AND topic = 'job-submitted'
    AND (@run_id IS NULL OR (run_id = @run_id AND batch = @batch AND attempt = @attempt))
  GROUP BY run_id, batch, attempt
) AS f ON f.run_id = c.run_id AND f.batch = c.batch AND f.attempt = c.attempt
LEFT JOIN (
  SELECT run_id, batch, attempt, STRING_AGG(DISTINCT event_id, ' ') AS ends
  FROM events
  WHERE recorded_on >= @since AND topic IN ('job-succeeded', 'job-failed', 'job-cancelled')
    AND (@run_id IS NULL OR (run_id = @run_id AND batch = @batch AND attempt = @attempt))
  GROUP BY run_id, batch, attempt
) AS e ON e.run_id = c.run_id AND e.batch = c.batch AND e.attempt = c.attempt
LEFT JOIN (
  SELECT DISTINCT run_id, batch, attempt
  FROM attempt_closings
  WHERE planned_on >= @since
    AND (@run_id IS NULL OR (run_id = @run_id AND batch = @batch AND attempt = @attempt))
) AS k ON k.run_id = c.run_id AND k.batch = c.batch AND k.attempt = c.attempt
WHERE k.run_id IS NULL
ORDER BY c.run_id, c.batch, c.attempt
