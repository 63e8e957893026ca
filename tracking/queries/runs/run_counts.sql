-- How many batches of the run are over, and how many records were analysed, failed and released?
SELECT
  COUNT(*) AS batches,
  COALESCE(SUM(analysed), 0) AS analysed,
  COALESCE(SUM(failed), 0) AS failed,
  COALESCE(SUM(released), 0) AS released
FROM attempt_closings
WHERE run_id = @run_id AND planned_on = @planned_on AND open = 0
