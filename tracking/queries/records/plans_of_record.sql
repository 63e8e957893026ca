-- Which batches of which runs hold this record?
SELECT
  m.run_id, m.planned_on, m.batch, m.analysis, m.line_bytes, m.attributes,
  m.phone_number_token, m.interaction_id, m.reference_id, r.planned_at, r.mode, r.model, r.batches
FROM batch_records AS m
JOIN run_plans AS r ON r.run_id = m.run_id AND r.planned_on = m.planned_on
WHERE m.record_id = @record_id AND m.planned_on >= @since
ORDER BY r.planned_at, m.run_id
