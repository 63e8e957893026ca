-- How many records and rows would clearing the history of this run delete, and does an open run hold one?
SELECT
  COUNT(*) AS records,
  (SELECT COUNT(*) FROM {output} AS o WHERE o.run_id = @run_id) AS output_rows,
  (SELECT COUNT(*) FROM history_clearings AS h WHERE h.run_id = @run_id) AS clearings,
  EXISTS (
{held_by_open_runs}
    AND m.analysis = @analysis AND (
      m.run_id = @run_id
      OR m.record_id IN (
        SELECT q.record_id FROM processed_records AS q
        WHERE q.first_processed_execution_id = @run_id AND q.analysis = @analysis
      )
    )
  ) AS is_held
FROM processed_records AS p
WHERE p.first_processed_execution_id = @run_id AND p.analysis = @analysis
