-- The transcripts of one attempt, in the order of the file; a cut answer gets a larger cap.
SELECT
  a.record_id,
  a.transcript,
  EXISTS (
    SELECT 1 FROM error_tracking AS e
    WHERE e.record_id = a.record_id AND e.run_id = @run_id AND e.batch = @batch
      AND e.attempt < @attempt AND e.error_type = 'truncated'
  ) AS was_truncated
FROM (
{asked}
) AS a
ORDER BY a.record_id
