-- May this attempt get a job? It must be planned and open, on a run that is not stopped.
SELECT
  EXISTS (
    SELECT 1 FROM batch_plans AS b
    WHERE b.run_id = @run_id AND b.planned_on = @planned_on AND b.batch = @batch
  ) AND (@attempt = 1 OR EXISTS (
    SELECT 1 FROM attempt_closings AS k
    WHERE k.run_id = @run_id AND k.planned_on = @planned_on AND k.batch = @batch
      AND k.attempt = @attempt - 1 AND k.open > 0
  )) AS planned,
  EXISTS (
    SELECT 1 FROM events AS f
    WHERE f.run_id = @run_id AND f.topic = 'run-stopped' AND f.recorded_on >= @planned_on
  ) AS stopped,
  EXISTS (
    SELECT 1 FROM events AS f
    WHERE f.run_id = @run_id AND f.topic IN ('job-succeeded', 'job-failed', 'job-cancelled')
      AND f.recorded_on >= @planned_on AND f.batch = @batch AND f.attempt = @attempt
  ) AS ended,
  EXISTS (
    SELECT 1 FROM attempt_closings AS k
    WHERE k.run_id = @run_id AND k.planned_on = @planned_on AND k.batch = @batch
      AND k.attempt = @attempt
  ) AS closed
