-- The records of a completed run, and which of them are read again: those without a row that no open run holds.
WITH
held AS (
{held_records}
)
SELECT
  a.*,
  CASE
    WHEN h.record_id IS NOT NULL THEN 'held'
    WHEN p.record_id IS NOT NULL THEN 'processed'
    ELSE 'pending'
  END AS selection
FROM batch_records AS a
LEFT JOIN held AS h ON h.record_id = a.record_id
LEFT JOIN (
  SELECT DISTINCT record_id FROM processed_records WHERE analysis = @analysis
) AS p ON p.record_id = a.record_id
WHERE a.run_id = @of_run AND a.planned_on = @of_planned_on
