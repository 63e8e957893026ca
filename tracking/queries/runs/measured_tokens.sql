-- What did answers to this prompt take since @since? Its fingerprint includes the model. `bytes` are
-- those of their request lines, at the mean size of a line of their batch.
SELECT
  COALESCE(SUM(k.answered), 0) AS answers,
  COALESCE(SUM(DIV(b.bytes * k.answered, b.records)), 0) AS bytes,
  COALESCE(SUM(k.prompt_tokens), 0) AS input_tokens,
  COALESCE(SUM(k.output_tokens + k.thoughts_tokens), 0) AS output_tokens
FROM run_plans AS r
JOIN attempt_closings AS k ON k.run_id = r.run_id AND k.planned_on = r.planned_on
JOIN batch_plans AS b ON b.run_id = k.run_id AND b.planned_on = k.planned_on AND b.batch = k.batch
WHERE r.planned_on >= @since
  AND k.planned_on >= @since
  AND b.planned_on >= @since
  AND r.prompt_fingerprint = @prompt_fingerprint
  AND r.of_run IS NULL
  AND k.prompt_tokens > 0
