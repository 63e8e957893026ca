-- How did the records of this run end, by the value of each call attribute, and what did their rows cost?
-- The values with the most records are named, up to @most of each attribute; the rest is one row.
WITH
record_states AS (
{record_states}
),
stored AS (
  SELECT record_id, SUM(cost) AS cost, COUNTIF(cost IS NULL) AS unknown
  FROM {output}
  WHERE run_id = @run_id AND analysed_at >= TIMESTAMP(@planned_on)
  GROUP BY record_id
),
grouped AS (
  SELECT
    v.attribute,
    v.value,
    COUNT(*) AS records,
    COUNTIF(s.state = 'analysed') AS analysed,
    COUNTIF(s.state = 'failed') AS failed,
    SUM(o.cost) AS cost,
    SUM(o.unknown) AS unknown
  FROM batch_records AS m
  JOIN record_states AS s ON s.record_id = m.record_id
  LEFT JOIN stored AS o ON o.record_id = m.record_id
  CROSS JOIN UNNEST([{attributes_of_m}]) AS v
  WHERE m.run_id = @run_id AND m.planned_on = @planned_on
  GROUP BY v.attribute, v.value
),
placed AS (
  SELECT
    g.*, ROW_NUMBER() OVER (PARTITION BY g.attribute ORDER BY g.records DESC, g.value) > @most AS is_other
  FROM grouped AS g
),
named AS (
  SELECT p.*, IF(p.is_other, NULL, p.value) AS named_value FROM placed AS p
)
SELECT
  n.attribute,
  n.named_value AS value,
  n.is_other,
  COUNT(*) AS distinct_values,
  SUM(n.records) AS records,
  SUM(n.analysed) AS analysed,
  SUM(n.failed) AS failed,
  IF(SUM(n.unknown) > 0, NULL, COALESCE(SUM(n.cost), 0)) AS cost
FROM named AS n
GROUP BY n.attribute, n.named_value, n.is_other
ORDER BY n.attribute, n.is_other, SUM(n.records) DESC, n.named_value
