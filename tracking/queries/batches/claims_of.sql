-- May this attempt get a job, and which claims exist for it, how old are they, with which job?
-- Returns at least one row; its claim is NULL when there is no claim.
SELECT s.planned, s.stopped, s.ended, s.closed, c.claim, c.state, c.age_seconds, j.job
FROM (
{attempt_state}
) AS s
LEFT JOIN (
  SELECT
    claim,
    IF(LOGICAL_OR(state = 'returned'), 'returned', MIN(state)) AS state,
    MIN(TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), claimed_at, SECOND)) AS age_seconds
  FROM claims
  WHERE run_id = @run_id AND planned_on = @planned_on AND batch = @batch AND attempt = @attempt
  GROUP BY claim
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
