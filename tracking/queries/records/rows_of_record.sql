-- Which rows are stored for this record, and how were their answers parsed?
SELECT
  run_id, batch, attempt, model, analysis, prompt_fingerprint, reader_fingerprint, parse_method,
  repair_grade, grade, normalised_fields, nulled_fields, finish_reason, prompt_tokens, cached_tokens, thoughts_tokens, output_tokens, cost, analysed_at
FROM {output}
WHERE record_id = @record_id
ORDER BY analysed_at
