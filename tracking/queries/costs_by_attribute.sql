-- What did the stored rows of an analysis cost, by the value of one call attribute, over all its runs?
SELECT
  r.value,
  COUNT(DISTINCT r.run_id) AS runs,
  COUNT(*) AS analysed,
  IF(COUNTIF(r.cost IS NULL) > 0, NULL, SUM(r.cost)) AS cost
FROM (
  SELECT JSON_VALUE(t.attributes, {path}) AS value, t.run_id, t.cost
  FROM {output} AS t
  WHERE t.analysis = @analysis
) AS r
GROUP BY r.value
ORDER BY analysed DESC, r.value
LIMIT 1000
