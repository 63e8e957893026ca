-- Which labels does each record of this version of a golden set have, and is the record in the source?
SELECT
  g.record_id,
  MAX(g.labels) AS labels,
  COUNT(*) AS copies,
  g.record_id IN (SELECT s.record_id FROM ({source_rows}) AS s) AS in_source
FROM golden_labels AS g
WHERE g.golden = @golden AND g.version = @version
GROUP BY g.record_id
ORDER BY g.record_id
