-- How was this attempt closed, and what were the totals of its batch then? No row when it is open.
SELECT
  k.*,
  (
    SELECT COUNT(*) FROM batch_records AS m
    WHERE m.run_id = @run_id AND m.planned_on = @planned_on AND m.batch = @batch
  ) AS records
FROM attempt_closings AS k
WHERE k.run_id = @run_id AND k.planned_on = @planned_on AND k.batch = @batch AND k.attempt = @attempt
