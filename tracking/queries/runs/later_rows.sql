-- Which records of the run that failed or were released got a row after its plan, and from which run?
-- A row from before is the one that a run over changed records was to replace.
WITH
record_states AS (
{record_states}
)
SELECT s.state AS ending, s.error_type, s.cause, p.run_id, COUNT(*) AS records
FROM record_states AS s
JOIN (
  SELECT q.record_id, MAX(q.first_processed_execution_id) AS run_id
  FROM processed_records AS q
  JOIN run_plans AS r ON r.planned_at < q.processed_at
  WHERE r.run_id = @run_id
    AND r.planned_on = @planned_on
    AND q.processed_at >= TIMESTAMP(@planned_on)
    AND q.analysis = @analysis
    AND q.first_processed_execution_id <> @run_id
  GROUP BY q.record_id
) AS p ON p.record_id = s.record_id
WHERE s.state IN ('failed', 'released')
GROUP BY ending, s.error_type, s.cause, p.run_id
ORDER BY ending, records DESC, s.error_type, s.cause, p.run_id
