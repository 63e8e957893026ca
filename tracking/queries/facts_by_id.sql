-- These facts, as they were first told.
SELECT *
FROM facts
WHERE recorded_on >= @since AND fact_id IN UNNEST(@fact_ids)
QUALIFY ROW_NUMBER() OVER (PARTITION BY fact_id ORDER BY recorded_at) = 1
ORDER BY recorded_at, fact_id
