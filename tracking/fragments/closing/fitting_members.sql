-- The records that the open runs hold, without a row and without a final error, and that fit a search.
SELECT
  m.record_id, m.run_id, m.batch, CAST(NULL AS INT64) AS attempt, 'open' AS state,
  r.planned_at AS happened_at, m.event_timestamp, CAST(NULL AS STRING) AS error_type,
  CAST(NULL AS STRING) AS cause, CAST(NULL AS STRING) AS grade, CAST(NULL AS FLOAT64) AS grounding,
  CAST(NULL AS STRING) AS model, CAST(NULL AS FLOAT64) AS cost
FROM batch_records AS m
JOIN run_plans AS r ON r.run_id = m.run_id AND r.planned_on = m.planned_on
WHERE m.analysis = @analysis AND m.planned_on >= DATE_SUB(@since, INTERVAL 7 DAY)
  AND m.run_id IN UNNEST(@open_runs)
  AND NOT EXISTS (
    SELECT 1 FROM processed_records AS p
    WHERE p.first_processed_execution_id IN UNNEST(@open_runs)
      AND p.first_processed_execution_id = m.run_id AND p.record_id = m.record_id
      AND p.analysis = @analysis
  )
  AND NOT EXISTS (
    SELECT 1 FROM error_tracking AS x
    WHERE x.run_id IN UNNEST(@open_runs) AND x.run_id = m.run_id AND x.record_id = m.record_id
      AND x.batch IS NOT NULL AND NOT x.retryable
  )
  AND {conditions_on_m}
