-- Do the totals of the run balance? Recomputed from its members, rows and errors, not from counters.
-- The subqueries take the run from parameters: BigQuery refuses them as correlated subqueries.
WITH
record_states AS (
{record_states}
)
SELECT
  r.run_id,
  r.records AS planned,
  e.analysed,
  e.failed,
  e.released,
  e.open,
  e.cleared + h.forgotten AS cleared,
  r.source_rows - r.records AS skipped,
  ABS(r.records - e.members - h.forgotten) + ABS(r.records - COALESCE((
    SELECT SUM(b.records) FROM batch_plans AS b
    WHERE b.run_id = @run_id AND b.planned_on = @planned_on
  ), r.records)) AS missing_members,
  e.half_stored,
  e.doubled_rows + e.doubled_members AS doubled,
  (
    SELECT COUNT(*)
    FROM batch_records AS m
    JOIN processed_records AS p ON p.record_id = m.record_id AND p.analysis = m.analysis
    WHERE m.run_id = @run_id AND m.planned_on = @planned_on
      AND p.first_processed_execution_id <> @run_id
      AND p.original_fingerprint = m.original_fingerprint
      AND p.processed_at < (SELECT MIN(q.planned_at) FROM run_plans AS q WHERE q.run_id = @run_id)
  ) + (
    SELECT COALESCE(SUM(j.jobs - 1), 0)
    FROM (
      SELECT f.batch, f.attempt, COUNT(DISTINCT JSON_VALUE(f.data, '$.job')) AS jobs
      FROM events AS f
      WHERE f.run_id = @run_id AND f.topic = 'job-submitted' AND f.recorded_on >= @planned_on
      GROUP BY f.batch, f.attempt
    ) AS j
  ) AS paid_twice,
  (
    SELECT COUNT(*)
    FROM (
      -- By the names of its fields: a later version may add one, and handle a delivery again.
      SELECT f.event_id FROM events AS f
      WHERE f.run_id = @run_id AND f.recorded_on >= DATE_SUB(@planned_on, INTERVAL 1 DAY)
      GROUP BY f.event_id, ARRAY_TO_STRING(REGEXP_EXTRACT_ALL(f.data, r'"(\w+)":'), ' ')
      HAVING COUNT(DISTINCT f.data) > 1
    ) AS changed_events
  ) AS two_bodies,
  (
    SELECT COUNT(*)
    FROM (
      SELECT k.batch FROM attempt_closings AS k
      WHERE k.run_id = @run_id AND k.planned_on = @planned_on
      GROUP BY k.batch, k.attempt
      HAVING COUNT(*) > 1
    ) AS closed_twice
  ) AS closed_twice,
  EXISTS (
    SELECT 1 FROM events AS f
    WHERE f.run_id = @run_id AND f.topic = 'run-completed' AND f.recorded_on >= @planned_on
  ) AS completed
FROM run_plans AS r
CROSS JOIN (
  SELECT
    COUNT(DISTINCT record_id) AS members,
    COUNT(*) - COUNT(DISTINCT record_id) AS doubled_members,
    COUNTIF(state = 'analysed') AS analysed,
    COUNTIF(state = 'failed') AS failed,
    COUNTIF(state = 'released') AS released,
    COUNTIF(state = 'open') AS open,
    COUNTIF(state = 'cleared') AS cleared,
    COUNTIF(is_processed <> (COALESCE(output_rows, 0) > 0)) AS half_stored,
    COALESCE(SUM(GREATEST(COALESCE(output_rows, 0) - 1, 0)), 0) AS doubled_rows
  FROM record_states
) AS e
CROSS JOIN (
  SELECT COALESCE(SUM(records), 0) AS forgotten
  FROM history_clearings
  WHERE run_id = @run_id AND reason = 'forgotten'
) AS h
WHERE r.run_id = @run_id
