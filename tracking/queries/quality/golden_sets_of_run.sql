-- Of which golden sets does this run have labelled records? The newest version of each set counts.
SELECT
  n.golden,
  n.version,
  MAX(n.records) AS labelled,
  MAX(g.label_columns) AS label_columns,
  COUNT(DISTINCT g.record_id) AS records
FROM (
{newest_golden_versions}
) AS n
JOIN golden_labels AS g ON g.golden = n.golden AND g.version = n.version
JOIN {output} AS t ON t.record_id = g.record_id
WHERE t.run_id = @run_id AND t.analysed_at >= TIMESTAMP(@planned_on)
GROUP BY n.golden, n.version
ORDER BY n.golden
