-- Whether the transcript of a row holds the words that are searched, as its run has sent it.
EXISTS (
  SELECT 1
  FROM batch_records AS w
  WHERE w.planned_on >= DATE_SUB(@since, INTERVAL 7 DAY)
    AND w.run_id = t.run_id AND w.record_id = t.record_id
    AND STRPOS(LOWER(w.transcript), LOWER(@words)) > 0
)
