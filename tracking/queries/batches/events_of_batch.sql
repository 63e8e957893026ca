-- Which events were recorded for the attempts at this batch, in order?
SELECT event_id, topic, attempt, recorded_at, data
FROM events
WHERE run_id = @run_id AND recorded_on >= @planned_on AND batch = @batch
QUALIFY ROW_NUMBER() OVER (PARTITION BY event_id ORDER BY recorded_at) = 1
ORDER BY recorded_at, attempt, event_id
