-- Which versions does each golden set have, and how many records? The newest version of a set first.
SELECT
  golden,
  version,
  MAX(analysis) AS analysis,
  COUNT(DISTINCT record_id) AS records,
  MAX(label_columns) AS label_columns,
  MAX(content_hash) AS content_hash,
  MAX(added_at) AS added_at
FROM golden_labels
WHERE @golden IS NULL OR golden = @golden
GROUP BY golden, version
ORDER BY golden, version DESC
