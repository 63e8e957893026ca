-- Count the rows of the run by the value of one column.
SELECT
  {at} AS chart, CAST(t.{column} AS STRING) AS value, CAST(NULL AS FLOAT64) AS median,
  CAST(NULL AS FLOAT64) AS step, CAST(NULL AS FLOAT64) AS bin, COUNT(*) AS records
FROM {output} AS t
WHERE t.run_id = @run_id
GROUP BY value
