-- Add one version of a golden set, whole or not at all: the given labels, and those that an earlier
-- version has of other records. Two callers that add the same version have the same job id.
BEGIN TRANSACTION;

INSERT INTO golden_labels (
  golden, version, analysis, record_id, phone_number_token, labels, label_columns, content_hash, added_at
)
SELECT
  @golden, @version, @analysis, a.record_id, a.phone_number_token, a.labels, @label_columns, @content_hash,
  CURRENT_TIMESTAMP()
FROM (
  SELECT n.record_id, n.phone_number_token, n.labels
  FROM UNNEST(@golden_rows) AS n
  UNION ALL
  SELECT o.record_id, o.phone_number_token, o.labels
  FROM golden_labels AS o
  WHERE o.golden = @golden AND o.version = @of_version
    AND o.record_id NOT IN (SELECT r.record_id FROM UNNEST(@golden_rows) AS r)
) AS a
WHERE NOT EXISTS (
  SELECT 1 FROM golden_labels AS e WHERE e.golden = @golden AND e.version = @version
);

COMMIT TRANSACTION;
