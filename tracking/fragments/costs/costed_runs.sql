-- The runs of one analysis or of all, with their labels as a JSON object.
SELECT
  r.run_id, r.planned_on, r.planned_at, r.analysis, r.prompt_fingerprint, r.model,
  JSON_QUERY(r.request, '$.labels') AS labels
FROM run_plans AS r
WHERE (@analysis IS NULL OR r.analysis = @analysis)
