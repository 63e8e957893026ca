-- The labels of a version of a golden set as one side of a comparison.
SELECT
  g.record_id AS pair_key, g.record_id, CAST(NULL AS STRING) AS model, CAST(NULL AS STRING) AS grade,
  CAST(NULL AS FLOAT64) AS cost, CAST(NULL AS INT64) AS prompt_tokens,
  CAST(NULL AS INT64) AS answer_tokens, CAST(NULL AS FLOAT64) AS grounding{values}
FROM (
  SELECT record_id, MAX(labels) AS labels
  FROM golden_labels
  WHERE golden = @golden_{letter} AND version = @version_{letter}
  GROUP BY record_id
) AS g
