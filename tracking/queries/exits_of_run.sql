-- How did the records of the run end that have no row, and by which error?
WITH
endings AS (
{endings}
)
SELECT ending, error_type, cause, COUNT(*) AS records
FROM endings
WHERE ending IN ('failed', 'released')
GROUP BY ending, error_type, cause
ORDER BY ending, records DESC, error_type, cause
