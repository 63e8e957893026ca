-- How many records and bytes does this batch hold, and what are its first and last record ids?
SELECT
  COUNT(*) AS records,
  COALESCE(SUM(line_bytes), 0) AS bytes,
  MIN(record_id) AS first_record,
  MAX(record_id) AS last_record
FROM batch_records
WHERE run_id = @run_id AND planned_on = @planned_on AND batch = @batch
