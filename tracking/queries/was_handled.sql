-- Did this handler finish with this fact, or did an operator discard it?
SELECT COUNT(*) > 0 AS handled
FROM handlings
WHERE fact_id = @fact_id AND handler = @handler AND outcome IN ('done', 'discarded')
  AND recorded_on >= @since
