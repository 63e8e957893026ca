-- Which values do the stored rows of this run have in closed columns, by the value of each call attribute?
-- @groups are the values that are named; a row of any other value counts for the rest.
WITH
named AS (
  SELECT
    v.attribute,
    IF(k.attribute IS NULL, NULL, v.value) AS named_value,
    k.attribute IS NULL AS is_other,
    a.column_name,
    a.answer
  FROM {output} AS t
  CROSS JOIN UNNEST([{attributes_of_t}]) AS v
  CROSS JOIN UNNEST([{answers_of_t}]) AS a
  LEFT JOIN UNNEST(@groups) AS k
    ON k.attribute = v.attribute AND COALESCE(k.value = v.value, k.value IS NULL AND v.value IS NULL)
  WHERE t.run_id = @run_id AND t.analysed_at >= TIMESTAMP(@planned_on)
)
SELECT
  n.attribute, n.named_value AS value, n.is_other, n.column_name, n.answer, COUNT(*) AS records
FROM named AS n
GROUP BY n.attribute, n.named_value, n.is_other, n.column_name, n.answer
ORDER BY n.attribute, n.is_other, n.named_value, n.column_name, COUNT(*) DESC, n.answer
