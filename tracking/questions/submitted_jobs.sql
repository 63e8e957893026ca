-- Which jobs does the ledger know of attempts that are not closed?
SELECT DISTINCT f.run_id, f.batch, f.attempt, JSON_VALUE(f.data, '$.job') AS job
FROM facts AS f
WHERE f.topic = 'job-submitted' AND f.recorded_on >= @since
  AND NOT EXISTS (
    SELECT 1 FROM attempt_closings AS k
    WHERE k.run_id = f.run_id AND k.batch = f.batch AND k.attempt = f.attempt AND k.planned_on >= @since
  )
ORDER BY f.run_id, f.batch, f.attempt, job
