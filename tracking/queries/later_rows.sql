-- Which records of the run that failed or were released have a row by now, and from which run?
WITH
record_states AS (
{record_states}
)
SELECT s.state AS ending, s.error_type, s.cause, p.run_id, COUNT(*) AS records
FROM record_states AS s
JOIN (
  SELECT record_id, MAX(first_processed_execution_id) AS run_id
  FROM processed_records
  WHERE analysis = @analysis AND first_processed_execution_id <> @run_id
  GROUP BY record_id
) AS p ON p.record_id = s.record_id
WHERE s.state IN ('failed', 'released')
GROUP BY ending, s.error_type, s.cause, p.run_id
ORDER BY ending, records DESC, s.error_type, s.cause, p.run_id
