-- Is an event of this id recorded, is it this event, and did this handler finish it, or did an operator
-- discard it? The days around the event's own time bound what is read, however old the log is.
SELECT
  e.recorded > 0 AS is_recorded,
  COALESCE(e.is_equal, FALSE) AS is_equal,
  d.finished > 0 AS is_handled
FROM (
  SELECT COUNT(*) AS recorded, LOGICAL_OR(topic = @topic AND data = @data) AS is_equal
  FROM events
  WHERE event_id = @event_id AND recorded_on BETWEEN @since AND @until
    AND (@run_id IS NULL OR run_id = @run_id) AND (@only_topic IS NULL OR topic = @only_topic)
    AND (@batch IS NULL OR batch = @batch)
) AS e
CROSS JOIN (
  SELECT COUNT(*) AS finished
  FROM deliveries
  WHERE event_id = @event_id AND handler = @handler AND outcome IN ('done', 'discarded')
    AND recorded_on >= @since AND (@run_id IS NULL OR run_id = @run_id)
) AS d
