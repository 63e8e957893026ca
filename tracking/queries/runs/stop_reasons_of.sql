-- For which reasons was this run stopped, and what did the service say where it refused a job? No row
-- for a run that was not stopped.
SELECT
  JSON_VALUE(data, '$.reason') AS reason,
  COALESCE(MAX(JSON_VALUE(data, '$.cause')), '') AS cause
FROM events
WHERE run_id = @run_id AND topic = 'run-stopped' AND recorded_on >= @planned_on
GROUP BY reason
ORDER BY reason
