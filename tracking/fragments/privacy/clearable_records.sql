-- The records that a clearing names: those of a run, or of these ids, or of these ids in a run.
-- A record is cleared when it is analysed, or has failed and was not analysed since.
-- An empty array parameter may reach BigQuery as NULL (python-bigquery #2325), which has no length.
SELECT p.record_id
FROM processed_records AS p
WHERE p.analysis = @analysis
  AND (@run_id IS NOT NULL OR COALESCE(ARRAY_LENGTH(@record_ids), 0) > 0)
  AND (@run_id IS NULL OR p.first_processed_execution_id = @run_id)
  AND (COALESCE(ARRAY_LENGTH(@record_ids), 0) = 0 OR p.record_id IN UNNEST(@record_ids))
UNION DISTINCT
SELECT e.record_id
FROM error_tracking AS e
WHERE e.analysis = @analysis AND e.scope = 'record' AND e.record_id IS NOT NULL
  AND NOT e.retryable AND NOT e.replan
  AND (@run_id IS NOT NULL OR COALESCE(ARRAY_LENGTH(@record_ids), 0) > 0)
  AND (@run_id IS NULL OR e.run_id = @run_id)
  AND (COALESCE(ARRAY_LENGTH(@record_ids), 0) = 0 OR e.record_id IN UNNEST(@record_ids))
  AND e.record_id NOT IN (
    SELECT q.record_id FROM processed_records AS q
    WHERE q.analysis = @analysis AND @run_id IS NOT NULL
  )
