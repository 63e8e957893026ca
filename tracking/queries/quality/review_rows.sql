-- What did the model answer for these records of the run?
SELECT t.record_id, t.batch, t.grade, t.grounding, t.attributes, {t_answer_columns}
FROM {output} AS t
WHERE t.run_id = @run_id
  AND t.analysed_at >= TIMESTAMP(@planned_on)
  AND t.record_id IN UNNEST(@record_ids)
