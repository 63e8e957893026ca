-- Where does an incremental run begin? At the newest call of the last whole run, less the look-back.
-- A call with a time in the future counts as the time of the plan that read it.
SELECT TIMESTAMP_SUB(LEAST(newest_event_time, planned_at), INTERVAL @lookback_days DAY) AS floor
FROM run_plans
WHERE analysis = @analysis AND whole AND NOT dry_run AND newest_event_time IS NOT NULL
  AND run_id <> @run_id
ORDER BY planned_at DESC
LIMIT 1
