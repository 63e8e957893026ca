-- Which request to cancel this run came first, planned or not?
SELECT event_id, recorded_at
FROM events
WHERE topic = 'cancel-requested' AND run_id = @run_id AND recorded_on >= @since
ORDER BY recorded_at
LIMIT 1
