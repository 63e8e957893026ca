-- What did the model answer about this record, in each run that stored a row of it between these times?
SELECT
  t.run_id, t.analysed_at, t.grounding, t.raw_values, {t_answer_columns}
FROM {output} AS t
WHERE t.record_id = @record_id AND t.analysed_at BETWEEN @stored_from AND @stored_to
ORDER BY t.analysed_at, t.run_id
