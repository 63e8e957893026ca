-- Shares of the answers by day of the call, over the last 90 days: closed values, marks, grades, errors, and sums.
-- Written by `troupe analysis view`. A share is records / of_records; a mean is amount / records of the known ones.
SELECT
  {counted_analysis} AS analysis,
  r.day,
  v.attribute,
  v.value AS attribute_value,
  r.kind,
  r.column_name,
  r.value,
  SUM(r.records) AS records,
  SUM(SUM(r.records)) OVER (
    PARTITION BY r.day, v.attribute, v.value, r.kind, r.column_name
  ) AS of_records,
  SUM(r.amount * r.records) AS amount
FROM (
{answer_rows}
) AS r
CROSS JOIN UNNEST([{attributes_of_r}]) AS v
WHERE r.day >= {counted_since}
GROUP BY r.day, v.attribute, v.value, r.kind, r.column_name, r.value
