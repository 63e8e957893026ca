-- Which output folders did the attempts at the batch leave that a batch of a reread run reads again?
-- One row for each attempt, the oldest first; `outputs` is a JSON array.
SELECT k.attempt, k.outputs
FROM run_plans AS r
JOIN batch_plans AS b ON b.run_id = r.run_id AND b.planned_on = r.planned_on
JOIN run_plans AS o ON o.run_id = r.of_run
JOIN attempt_closings AS k
  ON k.run_id = o.run_id AND k.planned_on = o.planned_on AND k.batch = b.of_batch
WHERE r.run_id = @run_id AND b.planned_on = @planned_on AND b.batch = @batch
ORDER BY k.attempt
