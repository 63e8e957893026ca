-- How many rows of the run have which pair of values in two columns?
SELECT f.before_value AS `before`, f.after_value AS `after`, f.records
FROM (
  SELECT
    CAST(t.{before} AS STRING) AS before_value,
    CAST(t.{after} AS STRING) AS after_value,
    COUNT(*) AS records
  FROM {output} AS t
  WHERE t.run_id = @run_id
  GROUP BY before_value, after_value
) AS f
ORDER BY f.records DESC, f.before_value, f.after_value
