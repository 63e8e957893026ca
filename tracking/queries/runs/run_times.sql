-- When did the run begin and end, and how many batches, jobs and events did it have?
SELECT
  f.*, k.batches_completed, k.batches_with_failures, k.batches_abandoned
FROM (
  SELECT
    MIN(IF(topic IN ('run-requested', 'reprocess-requested', 'reread-requested'), recorded_at, NULL)) AS requested_at,
    MIN(IF(topic = 'run-planned', recorded_at, NULL)) AS planned_at,
    MIN(IF(topic = 'run-completed', recorded_at, NULL)) AS completed_at,
    COUNT(DISTINCT IF(topic = 'job-submitted', JSON_VALUE(data, '$.job'), NULL)) AS jobs,
    COUNT(DISTINCT event_id) AS events
  FROM events
  WHERE run_id = @run_id AND recorded_on >= DATE_SUB(@planned_on, INTERVAL 1 DAY)
) AS f
CROSS JOIN (
  SELECT
    COUNTIF(NOT is_abandoned) AS batches_completed,
    COUNTIF(NOT is_abandoned AND failed > 0) AS batches_with_failures,
    COUNTIF(is_abandoned) AS batches_abandoned
  FROM (
    SELECT
      batch, MAX(failed) AS failed, LOGICAL_OR(released > 0 OR outcome = 'refused') AS is_abandoned
    FROM attempt_closings
    WHERE run_id = @run_id AND planned_on = @planned_on AND open = 0
    GROUP BY batch
  ) AS b
) AS k
