-- How was each attempt of the run closed? Of one @batch only, or of all when it is NULL.
SELECT
  batch, attempt, closed_at, outcome, cause, jobs, outputs, asked, lines, analysed, failed, released,
  open, prompt_tokens, cached_tokens, thoughts_tokens, output_tokens, cost, wasted, answered_by, seconds
FROM attempt_closings
WHERE run_id = @run_id AND planned_on = @planned_on AND (@batch IS NULL OR batch = @batch)
ORDER BY batch, attempt
