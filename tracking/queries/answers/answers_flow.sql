-- How many rows of the analysis have which pair of values in two columns, from @since to @until?
SELECT f.before_value AS `before`, f.after_value AS `after`, f.records
FROM (
  SELECT
    CAST(t.{before} AS STRING) AS before_value,
    CAST(t.{after} AS STRING) AS after_value,
    COUNT(*) AS records
  FROM {output} AS t
  WHERE {of_days}
  GROUP BY before_value, after_value
) AS f
ORDER BY f.records DESC, f.before_value, f.after_value
