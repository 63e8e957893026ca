-- What did the stored rows of an analysis cost, by the value of one call attribute, over all its runs?
-- Rows of simulated answers, which cost nothing, are apart.
SELECT
  r.value,
  r.simulated,
  COUNT(DISTINCT r.run_id) AS runs,
  COUNT(*) AS analysed,
  IF(COUNTIF(r.cost IS NULL) > 0, NULL, SUM(r.cost)) AS cost
FROM (
  SELECT JSON_VALUE(t.attributes, {path}) AS value, t.model = @stand_in AS simulated, t.run_id, t.cost
  FROM {output} AS t
  WHERE t.analysis = @analysis
) AS r
GROUP BY r.value, r.simulated
ORDER BY analysed DESC, r.value, r.simulated
LIMIT 1000
