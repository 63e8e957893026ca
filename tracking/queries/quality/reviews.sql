-- Which review samples are recorded, who saved labels of them, and of how many records? The newest first.
SELECT s.*, r.reviewer, COALESCE(r.labelled, 0) AS labelled, r.saved_at
FROM (
  SELECT
    sample_id,
    MAX(run_id) AS run_id,
    MAX(analysis) AS analysis,
    MAX(drawn_by) AS drawn_by,
    MAX(against) AS against,
    MAX(seed) AS seed,
    COUNT(DISTINCT record_id) AS records,
    MIN(drawn_at) AS drawn_at
  FROM review_samples
  WHERE @sample_id IS NULL OR sample_id = @sample_id
  GROUP BY sample_id
) AS s
LEFT JOIN (
  SELECT
    sample_id, reviewer, COUNT(DISTINCT record_id) AS labelled, MAX(saved_at) AS saved_at
  FROM review_labels
  WHERE @sample_id IS NULL OR sample_id = @sample_id
  GROUP BY sample_id, reviewer
) AS r ON r.sample_id = s.sample_id
ORDER BY s.drawn_at DESC, s.sample_id, r.reviewer
