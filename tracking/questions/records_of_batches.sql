-- How many records does each batch of the run hold?
SELECT batch, COUNT(*) AS records
FROM batch_records
WHERE run_id = @run_id AND planned_on = @planned_on
GROUP BY batch
ORDER BY batch
