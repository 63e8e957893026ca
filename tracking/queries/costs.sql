-- What did each run cost, of one analysis version or of all? One unknown cost makes the sum NULL.
SELECT
  r.analysis, r.prompt_fingerprint, r.model, r.run_id, r.planned_at,
  MIN(JSON_QUERY(r.request, '$.labels')) AS labels,
  STRING_AGG(DISTINCT k.answered_by, ', ' ORDER BY k.answered_by) AS answered_by,
  SUM(k.attempts) AS attempts,
  SUM(k.asked) AS asked,
  SUM(k.analysed) AS analysed,
  SUM(k.prompt_tokens) AS prompt_tokens,
  SUM(k.cached_tokens) AS cached_tokens,
  SUM(k.thoughts_tokens) AS thoughts_tokens,
  SUM(k.output_tokens) AS output_tokens,
  IF(SUM(k.unknown) > 0, NULL, SUM(k.cost)) AS cost,
  IF(SUM(k.unknown) > 0, NULL, SUM(k.wasted)) AS wasted
FROM run_plans AS r
JOIN (
  SELECT
    run_id, planned_on, batch,
    STRING_AGG(DISTINCT answered_by, ', ' ORDER BY answered_by) AS answered_by,
    COUNT(*) AS attempts,
    SUM(asked) AS asked,
    MAX(analysed) AS analysed,
    SUM(prompt_tokens) AS prompt_tokens,
    SUM(cached_tokens) AS cached_tokens,
    SUM(thoughts_tokens) AS thoughts_tokens,
    SUM(output_tokens) AS output_tokens,
    COUNTIF(cost IS NULL) AS unknown,
    SUM(cost) AS cost,
    SUM(wasted) AS wasted
  FROM attempt_closings
  GROUP BY run_id, planned_on, batch
) AS k ON k.run_id = r.run_id AND k.planned_on = r.planned_on
WHERE @analysis IS NULL OR r.analysis = @analysis
GROUP BY r.analysis, r.prompt_fingerprint, r.model, r.run_id, r.planned_at
ORDER BY r.analysis, r.planned_at, r.run_id
