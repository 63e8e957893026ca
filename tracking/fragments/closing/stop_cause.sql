-- Why is the run stopped, as the error type of the records that it releases? NULL when it is not.
SELECT
  CASE MIN(JSON_VALUE(data, '$.reason'))
    WHEN 'operator' THEN 'cancelled'
    WHEN 'breaker' THEN 'breaker_tripped'
    WHEN 'budget' THEN 'budget_exhausted'
    WHEN 'age' THEN 'run_too_old'
    WHEN 'job_refused' THEN 'job_refused'
    WHEN 'outage' THEN 'outage'
  END AS cause
FROM events
WHERE run_id = @run_id AND topic = 'run-stopped' AND recorded_on >= @planned_on
