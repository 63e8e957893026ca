-- Whether the transcript of a row holds the words that are searched; only those of one run are read.
t.record_id IN (
  SELECT w.record_id
  FROM batch_records AS w
  WHERE w.planned_on = @planned_on AND w.run_id = @run_id
    AND STRPOS(LOWER(w.transcript), LOWER(@words)) > 0
)
