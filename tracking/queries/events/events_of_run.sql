-- Which events were recorded for the run as a whole, in order?
SELECT event_id, topic, source, recorded_at, data
FROM events
WHERE run_id = @run_id AND recorded_on >= DATE_SUB(@planned_on, INTERVAL 1 DAY) AND batch IS NULL
QUALIFY ROW_NUMBER() OVER (PARTITION BY event_id ORDER BY recorded_at) = 1
ORDER BY recorded_at, event_id
