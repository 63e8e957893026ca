-- Count the entries of one repeated column by value, or by the value of one of their fields.
SELECT
  {at} AS chart, CAST({entry} AS STRING) AS value, CAST(NULL AS FLOAT64) AS median,
  CAST(NULL AS FLOAT64) AS step, CAST(NULL AS FLOAT64) AS bin, COUNT(*) AS records
FROM {output} AS t CROSS JOIN UNNEST(t.{column}) AS i
WHERE t.run_id = @run_id
GROUP BY value
