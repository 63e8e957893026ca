-- Store the summary of a run, once.
INSERT INTO run_reports (
  run_id, planned_on, written_at, report, batch_success_rate, batches_per_hour, error_rate,
  deduplication_rate, recovery_seconds, cost, expected_low, expected_high, wasted, saved
)
SELECT
  @run_id, @planned_on, CURRENT_TIMESTAMP(), @report, @batch_success_rate, @batches_per_hour,
  @error_rate, @deduplication_rate, @recovery_seconds, @cost, @expected_low, @expected_high, @wasted,
  @saved
FROM (SELECT 1 AS one) AS o
WHERE NOT EXISTS (
  SELECT 1 FROM run_reports AS r WHERE r.run_id = @run_id AND r.planned_on = @planned_on
)
