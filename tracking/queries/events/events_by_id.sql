-- Load events by their ids, as they were first recorded.
SELECT *
FROM events
WHERE recorded_on >= @since AND event_id IN UNNEST(@event_ids)
QUALIFY ROW_NUMBER() OVER (PARTITION BY event_id ORDER BY recorded_at) = 1
ORDER BY recorded_at, event_id
