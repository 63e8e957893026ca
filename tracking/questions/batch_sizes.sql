-- How many records and bytes of request lines does each batch of the run hold?
SELECT batch, COUNT(*) AS records, SUM(line_bytes) AS bytes
FROM batch_records
WHERE run_id = @run_id AND planned_on = @planned_on
GROUP BY batch
ORDER BY batch
