-- Load the transcripts that one attempt requests, in the order of its request file.
-- `was_truncated`: the answer of an earlier attempt was cut off, so the next one may be longer.
SELECT
  a.record_id,
  a.transcript,
  a.attributes,
  EXISTS (
    SELECT 1 FROM error_tracking AS e
    WHERE e.record_id = a.record_id AND e.run_id = @run_id AND e.batch = @batch
      AND e.attempt < @attempt AND e.error_type = 'truncated'
  ) AS was_truncated
FROM (
{requested_records}
) AS a
ORDER BY a.record_id
