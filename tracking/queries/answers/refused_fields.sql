-- Which fields did not fit in the answers of the run that gave no row, and how many answers were it?
SELECT SPLIT(detail, ':')[OFFSET(0)] AS path, COUNT(*) AS answers
FROM error_tracking
WHERE run_id = @run_id AND error_type IN ('schema_mismatch', 'missing_summary') AND detail IS NOT NULL
GROUP BY path
ORDER BY path
