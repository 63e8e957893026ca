-- Every record that was answered or failed for good, once for each thing that is counted of it. Its day is
-- that of the call; of a call without a time, or with one after its analysis, that of the analysis.
-- Rows that are equal in all of it are counted first, because each is repeated for every counted thing.
SELECT t.day, t.shown_attributes AS attributes, a.kind, a.column_name, a.value, a.amount, t.records
FROM (
  SELECT
    DATE(IF(s.event_timestamp <= s.analysed_at, s.event_timestamp, s.analysed_at)) AS day,
    {attributes_of_s} AS shown_attributes,
    CONCAT(',', ARRAY_TO_STRING(s.normalised_fields, ','), ',') AS normalised,
    CONCAT(',', ARRAY_TO_STRING(s.nulled_fields, ','), ',') AS nulled,
    {columns_of_s},
    COUNT(*) AS records
  FROM {output} AS s
  WHERE s.analysed_at >= TIMESTAMP({counted_since}) AND s.analysis = {counted_analysis}
  GROUP BY day, shown_attributes, normalised, nulled, {columns_of_s}
) AS t
CROSS JOIN UNNEST([
  {counted_of_t}
]) AS a
UNION ALL
SELECT
  DATE(IF(m.event_timestamp <= e.failed_at, m.event_timestamp, e.failed_at)) AS day,
  m.attributes,
  'error' AS kind,
  'error_type' AS column_name,
  e.error_type AS value,
  CAST(NULL AS FLOAT64) AS amount,
  1 AS records
FROM (
  SELECT x.run_id, x.record_id, MAX(x.error_type) AS error_type, MAX(x.created_at) AS failed_at
  FROM error_tracking AS x
  WHERE x.created_at >= TIMESTAMP({counted_since}) AND x.analysis = {counted_analysis}
    AND x.record_id IS NOT NULL AND x.batch IS NOT NULL AND NOT x.retryable
  GROUP BY x.run_id, x.record_id
  HAVING LOGICAL_AND(NOT x.replan) AND COUNTIF(x.error_type = 'cleared') = 0
) AS e
JOIN batch_records AS m ON m.run_id = e.run_id AND m.record_id = e.record_id
WHERE m.planned_on >= DATE_SUB({counted_since}, INTERVAL 7 DAY)
