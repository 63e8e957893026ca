-- Which prompts and models did the runs of each analysis use, how often, and when last? Dry runs are left out.
SELECT
  analysis, prompt_fingerprint, model, COUNT(*) AS runs, SUM(records) AS records,
  MIN(planned_at) AS first_planned_at, MAX(planned_at) AS last_planned_at
FROM run_plans
WHERE NOT dry_run AND planned_on >= @since
GROUP BY analysis, prompt_fingerprint, model
ORDER BY analysis, last_planned_at DESC, prompt_fingerprint, model
