-- What did the runs cost that were planned on each day, by analysis, prompt, model and who answered?
-- One unknown cost makes a sum NULL.
SELECT
  c.planned_on, c.analysis, c.prompt_fingerprint, c.model, c.answered_by,
  COUNT(*) AS runs,
  SUM(c.analysed) AS analysed,
  IF(SUM(c.unknown) > 0, NULL, SUM(c.cost)) AS cost,
  IF(SUM(c.unknown) > 0, NULL, SUM(c.wasted)) AS wasted
FROM (
  SELECT
    r.run_id, r.planned_on, r.analysis, r.prompt_fingerprint, r.model,
    STRING_AGG(DISTINCT k.answered_by, ', ' ORDER BY k.answered_by) AS answered_by,
    SUM(k.analysed) AS analysed,
    SUM(k.unknown) AS unknown,
    SUM(k.cost) AS cost,
    SUM(k.wasted) AS wasted
  FROM run_plans AS r
  JOIN (
    SELECT
      run_id, planned_on, batch,
      STRING_AGG(DISTINCT answered_by, ', ' ORDER BY answered_by) AS answered_by,
      MAX(analysed) AS analysed,
      COUNTIF(cost IS NULL) AS unknown,
      SUM(cost) AS cost,
      SUM(wasted) AS wasted
    FROM attempt_closings
    GROUP BY run_id, planned_on, batch
  ) AS k ON k.run_id = r.run_id AND k.planned_on = r.planned_on
  WHERE @analysis IS NULL OR r.analysis = @analysis
  GROUP BY r.run_id, r.planned_on, r.analysis, r.prompt_fingerprint, r.model
) AS c
GROUP BY c.planned_on, c.analysis, c.prompt_fingerprint, c.model, c.answered_by
ORDER BY c.planned_on, c.analysis, c.prompt_fingerprint, c.model, c.answered_by
