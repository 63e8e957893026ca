-- Record which rows a review sample took, once. A row that was deleted meanwhile is left out.
INSERT INTO review_samples (
  sample_id, run_id, analysis, drawn_by, against, seed, record_id, stratum, weight, drawn_at
)
SELECT
  @sample_id, @run_id, @analysis, @drawn_by, @against, @seed, d.record_id, d.stratum, d.weight,
  CURRENT_TIMESTAMP()
FROM UNNEST(@drawn_rows) AS d
JOIN {output} AS t ON t.record_id = d.record_id
WHERE t.run_id = @run_id
  AND t.analysed_at >= TIMESTAMP(@planned_on)
  AND NOT EXISTS (SELECT 1 FROM review_samples AS r WHERE r.sample_id = @sample_id)
