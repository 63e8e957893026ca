-- How many records, tokens and dollars did all attempts of the run take?
-- `recovery_seconds`: mean time from an attempt that left records open to the end of its batch.
SELECT
  COUNT(*) AS attempts,
  STRING_AGG(DISTINCT k.answered_by, ', ' ORDER BY k.answered_by) AS answered_by,
  COUNTIF(k.attempt > 1) AS repeated_attempts,
  COALESCE(SUM(k.asked), 0) AS asked,
  COALESCE(SUM(k.lines), 0) AS lines,
  COALESCE(SUM(k.prompt_tokens), 0) AS prompt_tokens,
  COALESCE(SUM(k.cached_tokens), 0) AS cached_tokens,
  COALESCE(SUM(k.thoughts_tokens), 0) AS thoughts_tokens,
  COALESCE(SUM(k.output_tokens), 0) AS output_tokens,
  IF(COUNTIF(k.cost IS NULL) > 0, NULL, SUM(k.cost)) AS cost,
  IF(COUNTIF(k.cost IS NULL) > 0, NULL, SUM(k.wasted)) AS wasted,
  IF(COUNTIF(k.cost IS NULL) > 0, NULL, SUM(IF(k.attempt > 1, k.cost, 0))) AS repeated_cost,
  COALESCE(SUM(k.seconds), 0) AS reading_seconds,
  MAX(k.peak_megabytes) AS peak_megabytes,
  AVG(IF(k.open > 0, TIMESTAMP_DIFF(e.ended_at, k.closed_at, MILLISECOND) / 1000, NULL)) AS recovery_seconds
FROM attempt_closings AS k
LEFT JOIN (
  SELECT batch, MAX(closed_at) AS ended_at
  FROM attempt_closings
  WHERE run_id = @run_id AND planned_on = @planned_on AND open = 0
  GROUP BY batch
) AS e ON e.batch = k.batch
WHERE k.run_id = @run_id AND k.planned_on = @planned_on
