-- Which records does this sample have, and which labels did this reviewer save last?
SELECT s.record_id, s.stratum, s.weight, COALESCE(n.version, 0) AS version, n.labels
FROM review_samples AS s
LEFT JOIN (
  SELECT
    r.record_id,
    r.version,
    r.labels,
    ROW_NUMBER() OVER (PARTITION BY r.record_id ORDER BY r.version DESC) AS place
  FROM review_labels AS r
  WHERE r.sample_id = @sample_id AND r.reviewer = @reviewer
) AS n ON n.record_id = s.record_id AND n.place = 1
WHERE s.sample_id = @sample_id
ORDER BY s.record_id
