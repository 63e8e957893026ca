-- The answers of one output table to the labelled records of some golden sets.
SELECT
  g.golden,
  g.labels,
  t.analysis,
  t.prompt_fingerprint,
  t.model,
  t.analysed_at,
  t.run_id = @run_id AS is_of_run,
  TO_JSON_STRING(STRUCT({t_label_columns})) AS answers
FROM (
{newest_golden_versions}
) AS n
JOIN golden_labels AS g ON g.golden = n.golden AND g.version = n.version
JOIN {output} AS t ON t.record_id = g.record_id
WHERE g.golden IN UNNEST(@goldens)
