-- Did this handler finish this event, or did an operator discard the event?
SELECT COUNT(*) > 0 AS handled
FROM deliveries
WHERE event_id = @event_id AND handler = @handler AND outcome IN ('done', 'discarded')
  AND recorded_on >= @since
