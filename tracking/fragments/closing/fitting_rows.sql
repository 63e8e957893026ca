-- The stored rows of an analysis that fit a search.
SELECT
  t.record_id, t.run_id, t.batch, t.attempt, 'analysed' AS state, t.analysed_at AS happened_at,
  t.event_timestamp, CAST(NULL AS STRING) AS error_type, CAST(NULL AS STRING) AS cause,
  t.grade, t.grounding, t.model, t.cost, {answers_in_t}
FROM {output} AS t
WHERE t.analysis = @analysis AND t.analysed_at >= TIMESTAMP(@since)
  AND (@run_id IS NULL OR t.run_id = @run_id)
  AND {conditions_on_t}
