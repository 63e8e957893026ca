-- How many records of the run failed or were released, and by which error?
WITH
record_states AS (
{record_states}
)
SELECT state AS ending, error_type, cause, COUNT(*) AS records
FROM record_states
WHERE state IN ('failed', 'released')
GROUP BY ending, error_type, cause
ORDER BY ending, records DESC, error_type, cause
