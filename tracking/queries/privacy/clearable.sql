-- What would clearing this run, or these records, delete, and does an open run hold one of them?
WITH
clearable_records AS (
{clearable_records}
)
SELECT
  (
    SELECT COUNT(*) FROM processed_records AS p
    WHERE p.analysis = @analysis AND p.record_id IN (SELECT record_id FROM clearable_records)
  ) AS records,
  (
    SELECT COUNT(*)
    FROM {output} AS o
    JOIN processed_records AS p
      ON p.record_id = o.record_id AND p.first_processed_execution_id = o.run_id
    WHERE p.analysis = @analysis AND p.record_id IN (SELECT record_id FROM clearable_records)
  ) AS output_rows,
  (
    SELECT COUNT(DISTINCT e.record_id) FROM error_tracking AS e
    WHERE e.analysis = @analysis AND e.scope = 'record' AND NOT e.retryable AND NOT e.replan
      AND e.record_id IN (SELECT record_id FROM clearable_records)
  ) AS failed,
  (
    SELECT STRING_AGG(k, ' ' ORDER BY k) FROM UNNEST(@record_ids) AS k
    WHERE k NOT IN (SELECT record_id FROM clearable_records)
  ) AS unknown,
  EXISTS (
{held_by_open_runs}
    AND m.analysis = @analysis AND (
      m.run_id = @run_id OR m.record_id IN (SELECT record_id FROM clearable_records)
    )
  ) AS is_held
