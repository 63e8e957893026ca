-- Was this run stopped?
SELECT COUNT(*) > 0 AS stopped
FROM facts
WHERE run_id = @run_id AND topic = 'run-stopped' AND recorded_on >= @planned_on
