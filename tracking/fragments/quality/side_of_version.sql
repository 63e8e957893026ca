-- The rows of an analysis version as one side of a comparison.
SELECT
  {pair_key} AS pair_key, t.record_id, t.model, t.grade, t.cost, t.prompt_tokens,
  COALESCE(t.output_tokens, 0) + COALESCE(t.thoughts_tokens, 0) AS answer_tokens, t.grounding{values}
FROM {output} AS t
WHERE t.analysis = @analysis_{letter}{newest}
