-- The records that failed for good, or were released or cleared, and that fit a search.
SELECT
  e.record_id, e.run_id, e.batch, e.attempt, e.state, e.happened_at,
  CAST(NULL AS TIMESTAMP) AS event_timestamp, e.error_type, e.cause,
  CAST(NULL AS STRING) AS grade, CAST(NULL AS FLOAT64) AS grounding, CAST(NULL AS STRING) AS model,
  CAST(NULL AS FLOAT64) AS cost
FROM (
  SELECT
    x.record_id,
    x.run_id,
    MAX(x.batch) AS batch,
    MAX(x.attempt) AS attempt,
    CASE
      WHEN LOGICAL_OR(x.error_type = 'cleared') THEN 'cleared'
      WHEN LOGICAL_OR(NOT x.replan) THEN 'failed'
      ELSE 'released'
    END AS state,
    MAX(x.created_at) AS happened_at,
    MAX(x.error_type) AS error_type,
    MAX(x.cause) AS cause
  FROM error_tracking AS x
  WHERE x.analysis = @analysis AND x.created_at >= TIMESTAMP(@since)
    AND (@run_id IS NULL OR x.run_id = @run_id)
    AND x.record_id IS NOT NULL AND x.batch IS NOT NULL AND NOT x.retryable
  GROUP BY x.record_id, x.run_id
) AS e
WHERE e.state IN UNNEST(@states) AND {conditions_on_e}
