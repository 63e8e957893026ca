-- The labels of a file as one side of a comparison.
SELECT
  {pair_key} AS pair_key, g.record_id, CAST(NULL AS STRING) AS model,
  CAST(NULL AS STRING) AS grade, CAST(NULL AS FLOAT64) AS cost, CAST(NULL AS INT64) AS prompt_tokens,
  CAST(NULL AS INT64) AS answer_tokens, CAST(NULL AS FLOAT64) AS grounding{values}
FROM UNNEST(@labels_{letter}) AS g
