-- Which text was sent for this record in each run, and which ids does its source system give the call?
SELECT
  m.run_id, m.interaction_id, m.reference_id, m.phone_number_token, m.event_timestamp, m.transcript
FROM batch_records AS m
WHERE m.record_id = @record_id AND m.planned_on BETWEEN @since AND @until
ORDER BY m.planned_on, m.run_id
