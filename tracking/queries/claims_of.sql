-- Is the run stopped, and which claims exist for this attempt, how old are they, with which job?
-- Returns at least one row; its claim is NULL when there is no claim.
SELECT
  s.stopped,
  c.claim,
  c.state,
  TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), c.claimed_at, SECOND) AS age_seconds,
  j.job
FROM (
  SELECT COUNT(*) > 0 AS stopped
  FROM events
  WHERE run_id = @run_id AND topic = 'run-stopped' AND recorded_on >= @planned_on
) AS s
LEFT JOIN (
  SELECT claim, state, claimed_at
  FROM claims
  WHERE run_id = @run_id AND planned_on = @planned_on AND batch = @batch AND attempt = @attempt
) AS c ON TRUE
LEFT JOIN (
  SELECT
    CAST(JSON_VALUE(data, '$.claim') AS INT64) AS claim,
    MIN(JSON_VALUE(data, '$.job')) AS job
  FROM events
  WHERE run_id = @run_id AND topic = 'job-submitted' AND recorded_on >= @planned_on
    AND batch = @batch AND attempt = @attempt
  GROUP BY claim
) AS j ON j.claim = c.claim
ORDER BY c.claim
