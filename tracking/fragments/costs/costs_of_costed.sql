-- What did the runs of `costed` cost that closed an attempt? One unknown cost makes the sum NULL.
SELECT
  b.analysis, b.prompt_fingerprint, b.model, b.run_id, b.planned_at, b.labels,
  STRING_AGG(DISTINCT b.answered_by, ', ' ORDER BY b.answered_by) AS answered_by,
  SUM(b.attempts) AS attempts,
  SUM(b.asked) AS asked,
  SUM(b.analysed) AS analysed,
  SUM(b.prompt_tokens) AS prompt_tokens,
  SUM(b.cached_tokens) AS cached_tokens,
  SUM(b.thoughts_tokens) AS thoughts_tokens,
  SUM(b.output_tokens) AS output_tokens,
  IF(SUM(b.unknown) > 0, NULL, SUM(b.cost)) AS cost,
  IF(SUM(b.unknown) > 0, NULL, SUM(b.wasted)) AS wasted
FROM (
  SELECT
    p.analysis, p.prompt_fingerprint, p.model, p.run_id, p.planned_at, p.labels, k.batch,
    STRING_AGG(DISTINCT k.answered_by, ', ' ORDER BY k.answered_by) AS answered_by,
    COUNT(*) AS attempts,
    SUM(k.asked) AS asked,
    MAX(k.analysed) AS analysed,
    SUM(k.prompt_tokens) AS prompt_tokens,
    SUM(k.cached_tokens) AS cached_tokens,
    SUM(k.thoughts_tokens) AS thoughts_tokens,
    SUM(k.output_tokens) AS output_tokens,
    COUNTIF(k.cost IS NULL) AS unknown,
    SUM(k.cost) AS cost,
    SUM(k.wasted) AS wasted
  FROM costed AS p
  JOIN attempt_closings AS k ON k.run_id = p.run_id AND k.planned_on = p.planned_on
  GROUP BY p.analysis, p.prompt_fingerprint, p.model, p.run_id, p.planned_at, p.labels, k.batch
) AS b
GROUP BY b.analysis, b.prompt_fingerprint, b.model, b.run_id, b.planned_at, b.labels
