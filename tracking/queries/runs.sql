-- Which runs exist, and what is the state of each? Refused requests are in `refusals.sql`.
SELECT
  r.run_id, r.planned_on, r.planned_at, r.analysis, r.mode, r.model, r.dry_run, r.batches, r.records,
  COALESCE(k.analysed, 0) AS analysed,
  COALESCE(k.failed, 0) AS failed,
  COALESCE(k.released, 0) AS released,
  k.cost,
  k.answered_by,
  s.reasons AS stopped_for,
  c.completed_at
FROM run_plans AS r
LEFT JOIN (
  SELECT
    l.run_id, STRING_AGG(DISTINCT l.answered_by, ', ' ORDER BY l.answered_by) AS answered_by,
    SUM(l.analysed) AS analysed, SUM(l.failed) AS failed, SUM(l.released) AS released,
    IF(COUNTIF(l.cost IS NULL) > 0, NULL, SUM(l.cost)) AS cost
  FROM (
    SELECT
      run_id, batch,
      STRING_AGG(DISTINCT answered_by, ', ' ORDER BY answered_by) AS answered_by,
      MAX(analysed) AS analysed, MAX(failed) AS failed, MAX(released) AS released,
      IF(COUNTIF(cost IS NULL) > 0, NULL, SUM(cost)) AS cost
    FROM attempt_closings
    GROUP BY run_id, batch
  ) AS l
  GROUP BY l.run_id
) AS k ON k.run_id = r.run_id
LEFT JOIN (
  SELECT run_id, STRING_AGG(DISTINCT JSON_VALUE(data, '$.reason'), ', ' ORDER BY JSON_VALUE(data, '$.reason')) AS reasons
  FROM events
  WHERE topic = 'run-stopped' AND recorded_on >= @since
  GROUP BY run_id
) AS s ON s.run_id = r.run_id
LEFT JOIN (
  SELECT run_id, MIN(recorded_at) AS completed_at
  FROM events
  WHERE topic = 'run-completed' AND recorded_on >= @since
  GROUP BY run_id
) AS c ON c.run_id = r.run_id
WHERE r.planned_on >= @since AND (@run_id IS NULL OR r.run_id = @run_id)
ORDER BY r.planned_at, r.run_id
