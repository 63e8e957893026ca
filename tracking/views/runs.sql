-- Every run of the last 90 days with its state and totals, for users and dashboards.
SELECT
  r.run_id, r.planned_on, r.planned_at, r.analysis, r.prompt_fingerprint, r.mode, r.model, r.dry_run,
  r.batches, r.records,
  COALESCE(k.batches_over, 0) AS batches_over,
  COALESCE(k.analysed, 0) AS analysed,
  COALESCE(k.failed, 0) AS failed,
  COALESCE(k.released, 0) AS released,
  k.cost,
  f.stopped_for,
  f.completed_at,
  CASE
    WHEN r.dry_run THEN 'dry run'
    WHEN f.completed_at IS NOT NULL AND f.stopped_for IS NOT NULL THEN 'stopped'
    WHEN f.completed_at IS NOT NULL AND r.records = 0 THEN 'empty'
    WHEN f.completed_at IS NOT NULL AND COALESCE(k.failed + k.released, 0) > 0 THEN 'completed with failures'
    WHEN f.completed_at IS NOT NULL THEN 'completed'
    WHEN f.stopped_for IS NOT NULL THEN 'stopping'
    ELSE 'running'
  END AS state
FROM {dataset}run_plans AS r
LEFT JOIN (
  SELECT
    l.run_id, COUNTIF(l.is_over) AS batches_over, SUM(l.analysed) AS analysed,
    SUM(l.failed) AS failed, SUM(l.released) AS released,
    IF(COUNTIF(l.cost IS NULL) > 0, NULL, SUM(l.cost)) AS cost
  FROM (
    SELECT
      run_id, batch, MIN(open) = 0 AS is_over,
      MAX(analysed) AS analysed, MAX(failed) AS failed, MAX(released) AS released,
      IF(COUNTIF(cost IS NULL) > 0, NULL, SUM(cost)) AS cost
    FROM {dataset}attempt_closings
    WHERE planned_on >= DATE_SUB(CURRENT_DATE(), INTERVAL 90 DAY)
    GROUP BY run_id, batch
  ) AS l
  GROUP BY l.run_id
) AS k ON k.run_id = r.run_id
LEFT JOIN (
  SELECT
    run_id,
    MIN(IF(topic = 'run-completed', recorded_at, NULL)) AS completed_at,
    MIN(IF(topic = 'run-stopped', JSON_VALUE(data, '$.reason'), NULL)) AS stopped_for
  FROM {dataset}events
  WHERE topic IN ('run-completed', 'run-stopped')
    AND recorded_on >= DATE_SUB(CURRENT_DATE(), INTERVAL 90 DAY)
  GROUP BY run_id
) AS f ON f.run_id = r.run_id
WHERE r.planned_on >= DATE_SUB(CURRENT_DATE(), INTERVAL 90 DAY)
