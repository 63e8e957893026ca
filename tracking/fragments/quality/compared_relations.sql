-- Pair the rows of two sides by their key, and relate the values of each column. The relation is equal,
-- near, accepted, differs, rejected or unjudged; NULL where a side has no row or no label.
SELECT s.*{side_relations}
FROM (
  SELECT e.*{side_sizes}
  FROM (
    SELECT j.*{side_entries}
    FROM (
      SELECT
        COALESCE(a.record_id, b.record_id) AS record_id,
        CASE WHEN a.pair_key IS NULL THEN 'b' WHEN b.pair_key IS NULL THEN 'a' ELSE 'both' END AS presence,
        a.model AS a_model, b.model AS b_model, a.grade AS a_grade, b.grade AS b_grade,
        a.cost AS a_cost, b.cost AS b_cost,
        a.prompt_tokens AS a_prompt_tokens, b.prompt_tokens AS b_prompt_tokens,
        a.answer_tokens AS a_answer_tokens, b.answer_tokens AS b_answer_tokens,
        a.grounding AS a_grounding, b.grounding AS b_grounding{side_values}
      FROM compare_a AS a
      FULL OUTER JOIN compare_b AS b ON b.pair_key = a.pair_key
    ) AS j
  ) AS e
) AS s
