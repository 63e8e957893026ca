-- Which texts were sent for these records of the run? None after the plan's partition has expired.
SELECT m.record_id, m.transcript
FROM batch_records AS m
WHERE m.planned_on = @planned_on
  AND m.run_id = @run_id
  AND m.batch IN UNNEST(@batches)
  AND m.record_id IN UNNEST(@record_ids)
