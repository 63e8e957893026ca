-- Which runs, the newest first, follow on the one that was shown last, and what is their state?
-- Refused requests are in `refusals.sql`. The page is cut before the closings are read, so that a page
-- costs the same however many runs there are.
WITH
completed AS (
  SELECT run_id, MIN(recorded_at) AS completed_at
  FROM events
  WHERE topic = 'run-completed' AND recorded_on >= @since AND (@run_id IS NULL OR run_id = @run_id)
  GROUP BY run_id
),
stopped AS (
  SELECT run_id, STRING_AGG(DISTINCT JSON_VALUE(data, '$.reason'), ', ' ORDER BY JSON_VALUE(data, '$.reason')) AS reasons
  FROM events
  WHERE topic = 'run-stopped' AND recorded_on >= @since AND (@run_id IS NULL OR run_id = @run_id)
  GROUP BY run_id
),
page AS (
  SELECT
    r.run_id, r.planned_on, r.planned_at, r.analysis, r.mode, r.model, r.dry_run, r.batches, r.records,
    s.reasons AS stopped_for, c.completed_at
  FROM run_plans AS r
  LEFT JOIN completed AS c ON c.run_id = r.run_id
  LEFT JOIN stopped AS s ON s.run_id = r.run_id
  WHERE r.planned_on >= @since
    AND (@run_id IS NULL OR r.run_id = @run_id)
    AND (@text IS NULL OR STRPOS(r.run_id, @text) > 0)
    AND (@analysis IS NULL OR r.analysis = @analysis)
    AND (@before IS NULL OR r.planned_at < @before OR (r.planned_at = @before AND r.run_id < @before_run))
    AND {state_of_r}
  ORDER BY r.planned_at DESC, r.run_id DESC
  LIMIT @limit
)
SELECT
  p.run_id, p.planned_on, p.planned_at, p.analysis, p.mode, p.model, p.dry_run, p.batches, p.records,
  COALESCE(k.analysed, 0) AS analysed,
  COALESCE(k.failed, 0) AS failed,
  COALESCE(k.released, 0) AS released,
  k.cost, k.answered_by, p.stopped_for, p.completed_at
FROM page AS p
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
    WHERE planned_on >= @since AND (@run_id IS NULL OR run_id = @run_id)
      AND run_id IN (SELECT run_id FROM page)
    GROUP BY run_id, batch
  ) AS l
  GROUP BY l.run_id
) AS k ON k.run_id = p.run_id
ORDER BY p.planned_at DESC, p.run_id DESC
