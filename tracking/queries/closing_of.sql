-- Is this attempt closed, and how did the batch stand then?
SELECT
  k.*,
  (
    SELECT COUNT(*) FROM batch_records AS m
    WHERE m.run_id = @run_id AND m.planned_on = @planned_on AND m.batch = @batch
  ) AS records
FROM attempt_closings AS k
WHERE k.run_id = @run_id AND k.planned_on = @planned_on AND k.batch = @batch AND k.attempt = @attempt
